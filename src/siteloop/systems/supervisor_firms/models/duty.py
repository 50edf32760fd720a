"""Staff of the firm in the project (SUPV-03): who was there, who is on leave, and each month's sum. Posts are the registry's."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from siteloop.foundation.registry.models import PostKind, ProjectPost
from siteloop.framework.scope import ScopedModel
from siteloop.systems.supervisor_firms.models.of_firm import OfFirm

#: the firm's key posts
POSTS = (PostKind.CHIEF_SUPERVISOR, PostKind.SUPERVISOR_ENGINEER)


class PlaceCheck(models.TextChoices):
    """Where it was done, against the place of the site."""

    ON_SITE = "on_site", "现场"
    AWAY = "away", "偏离工地"
    UNKNOWN = "unknown", "无定位"


class OfPost(OfFirm):
    """A record of one key post; kept with the holder's name when the post is let go."""

    post = models.ForeignKey(
        ProjectPost, models.SET_NULL, null=True, blank=False, related_name="+", verbose_name="关键岗位"
    )
    kind = models.CharField("岗位", max_length=30, choices=PostKind.choices, editable=False)
    holder = models.CharField("姓名", max_length=80, editable=False)

    class Meta(OfFirm.Meta):
        abstract = True

    def clean_fields(self, exclude: object = None) -> None:
        """Project, firm, kind and holder are the post's."""
        if self.post is not None and self.pk is None:
            if self.post.kind not in POSTS:
                raise ValidationError({"post": "请选择总监理工程师或专业监理工程师岗位"})
            self.project = self.post.project
            self.kind = self.post.kind
            self.holder = name_of(self.post)
            if self.post.organisation is not None:
                self.firm = self.post.organisation
        super().clean_fields(exclude=exclude)


def name_of(post: ProjectPost) -> str:
    """The holder as lists show it: the account's name, else the masked person."""
    return str(post.account.display_name if post.account is not None else post.person or "未登记")[:80]


class Presence(OfPost):
    """到岗记录: one day of one post."""

    day = models.DateField("日期", db_index=True)
    arrived_at = models.DateTimeField("到岗时间")
    left_at = models.DateTimeField("离岗时间", null=True, blank=True)
    place = models.CharField("位置核验", max_length=10, choices=PlaceCheck.choices)
    distance_m = models.PositiveIntegerField("距工地（m）", null=True, blank=True)

    scope = OfFirm.scope

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "到岗记录"
        verbose_name_plural = "到岗记录"
        ordering = ("-day", "-pk")
        constraints = (models.UniqueConstraint(fields=("post", "day"), name="one_presence_a_day"),)

    def __str__(self) -> str:
        return f"{self.holder} {self.day:%Y-%m-%d}"


class LeaveState(models.TextChoices):
    """A request from its making to its decision."""

    ASKED = "asked", "待审批"
    APPROVED = "approved", "已批准"
    REJECTED = "rejected", "不批准"
    CANCELLED = "cancelled", "已撤销"


class Leave(OfPost):
    """请假: days off with whoever stands in; counted only when approved."""

    from_on = models.DateField("自")
    to_on = models.DateField("至")
    reason = models.CharField("事由", max_length=200)
    substitute = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="代岗人员"
    )
    state = models.CharField(
        "状态", max_length=10, choices=LeaveState.choices, default=LeaveState.ASKED, editable=False
    )
    opinion = models.CharField("审批意见", max_length=300, blank=True, editable=False)
    decided_at = models.DateTimeField("审批时间", null=True, blank=True, editable=False)

    scope = OfFirm.scope

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "监理请假"
        verbose_name_plural = "监理请假"
        ordering = ("-from_on", "-pk")

    def __str__(self) -> str:
        return f"{self.holder} {self.from_on:%m-%d}至{self.to_on:%m-%d}"

    def clean(self) -> None:
        """Its ends are in order, and a decided request stays."""
        if self.from_on and self.to_on and self.to_on < self.from_on:
            raise ValidationError({"to_on": "不能早于开始日期"})
        if self.substitute is not None and self.substitute.organisation_id != self.firm_id:
            raise ValidationError({"substitute": "代岗人员须为本监理单位人员"})


class DutyMonth(OfPost):
    """履职月度: days owed, there and on leave of one post in one month; short when below the region's share."""

    month = models.DateField("月份", db_index=True)
    days_due = models.PositiveSmallIntegerField("应到天数")
    days_present = models.PositiveSmallIntegerField("到岗天数")
    days_leave = models.PositiveSmallIntegerField("请假天数")
    rate = models.FloatField("到岗率", null=True)
    required = models.FloatField("要求到岗率", null=True)
    is_short = models.BooleanField("不达标", default=False, db_index=True)
    is_closed = models.BooleanField("已结月", default=False)

    scope = OfFirm.scope

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "监理履职月度"
        verbose_name_plural = "监理履职月度"
        ordering = ("-month", "rate", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("post", "month"), condition=Q(post__isnull=False), name="one_duty_month_a_post"
            ),
        )

    def __str__(self) -> str:
        return f"{self.holder} {self.month:%Y-%m}"
