"""Case conferences (案件会商): which cases, who came, what was concluded, and who does it by when."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.framework.scope import Scope
from siteloop.systems.office.models.row import OfficeRow, person


class Meeting(OfficeRow):
    """One conference. Its minutes are issued once, as a printed document; then its conclusions are tasks."""

    title = models.CharField("会议主题", max_length=120)
    held_at = models.DateTimeField("时间")
    place = models.CharField("地点", max_length=80, blank=True)
    chair = person("主持人")
    attendees = models.ManyToManyField("authority.Account", related_name="+", verbose_name="参会人员")
    guests = models.CharField("外单位人员", max_length=300, blank=True)
    cases = models.ManyToManyField("cases.Case", blank=True, related_name="+", verbose_name="会商案件")
    minutes = models.TextField("会议纪要", max_length=8000, blank=True)
    issued_at = models.DateTimeField("印发时间", null=True, blank=True, editable=False)
    document = models.ForeignKey(
        "documents.Document",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="纪要文书",
        editable=False,
    )

    scope = Scope(
        region="region_code",
        owner=("chair_id", "attendees__id", "tasks__owner_id"),
        oversee="office.meeting.oversee",
    )

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "案件会商"
        verbose_name_plural = "案件会商"
        ordering = ("-held_at", "-pk")

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Issued minutes stay as they were issued."""
        if self.pk and self.issued_at is not None:
            raise ValidationError("纪要已印发，不能修改")


class TaskState(models.TextChoices):
    """A conclusion becomes work when the minutes are issued."""

    PLANNED = "planned", "待印发"
    OPEN = "open", "办理中"
    DONE = "done", "已完成"
    DROPPED = "dropped", "已取消"


class MeetingTask(OfficeRow):
    """One conclusion: what is to be done, by whom, by when."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="tasks", verbose_name="案件会商")
    what = models.CharField("会商结论", max_length=300)
    owner = person("责任人")
    due_on = models.DateField("期限", db_index=True)
    case = models.ForeignKey(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="派单"
    )
    state = models.CharField(
        "状态", max_length=10, choices=TaskState.choices, default=TaskState.PLANNED, db_index=True
    )
    done_at = models.DateTimeField("完成时间", null=True, blank=True)
    result = models.CharField("办理结果", max_length=500, blank=True)
    files = models.ManyToManyField("files.Evidence", blank=True, related_name="+")

    scope = Scope(
        region="region_code",
        owner=("owner_id", "meeting__chair_id", "meeting__attendees__id"),
        oversee="office.meeting.oversee",
    )

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "会商任务"
        verbose_name_plural = "会商任务"
        ordering = ("due_on", "pk")

    def __str__(self) -> str:
        return self.what
