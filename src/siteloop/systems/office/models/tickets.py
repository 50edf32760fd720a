"""Problem feedback (PLAT-31): 问题收集后定岗定人反馈更新解决."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from siteloop.framework.scope import Scope
from siteloop.systems.office.models.row import OfficeRow, person


class TicketKind(models.TextChoices):
    """What somebody meets."""

    FAULT = "fault", "功能异常"
    DATA = "data", "数据有误"
    QUESTION = "question", "使用咨询"
    WISH = "wish", "改进建议"


class TicketState(models.TextChoices):
    """From the report to the word of the one who reported."""

    REPORTED = "reported", "待分派"
    ASSIGNED = "assigned", "处理中"
    ANSWERED = "answered", "已答复待评价"
    SOLVED = "solved", "已解决"


class Ticket(OfficeRow):
    """One problem: who met it where, who puts it right by when, what was answered, and how it was found."""

    kind = models.CharField("类别", max_length=10, choices=TicketKind.choices)
    what = models.CharField("问题", max_length=500)
    page = models.CharField("所在页面", max_length=200, blank=True)
    screenshots = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="截图")
    reporter = person("反馈人")
    reported_at = models.DateTimeField("反馈时间", db_index=True)
    state = models.CharField(
        "状态", max_length=10, choices=TicketState.choices, default=TicketState.REPORTED, db_index=True
    )
    owner = person("责任人", null=True, blank=True)
    post = models.CharField("责任岗位", max_length=60, blank=True)
    due_on = models.DateField("答复期限", null=True, blank=True, db_index=True)
    answer = models.TextField("答复", max_length=2000, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    rating = models.PositiveSmallIntegerField(
        "评价", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    rated_words = models.CharField("评价意见", max_length=300, blank=True)
    solved_at = models.DateTimeField("解决时间", null=True, blank=True)
    reopened = models.PositiveSmallIntegerField("重新处理次数", default=0)

    scope = Scope(region="region_code", owner=("reporter_id", "owner_id"), oversee="office.ticket.oversee")

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "问题反馈"
        verbose_name_plural = "问题反馈"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.what[:60]
