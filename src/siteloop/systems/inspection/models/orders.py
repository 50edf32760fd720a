"""Orders, the replies to them and applications for more time."""

from django.db import models

from siteloop.foundation.notice.requests import Request
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.inspection.models.measures import Measure
from siteloop.systems.inspection.models.visits import OF_PROJECT, Inspection


class OrderState(models.TextChoices):
    """An order's life."""

    OPEN = "open", "整改中"
    REPLIED = "replied", "待复查"
    CLOSED = "closed", "已闭合"
    DONE = "done", "已送达办结"  # nothing to put right: criticism, talk, demerit
    MOVED = "moved", "已移交"
    WITHDRAWN = "withdrawn", "已撤回"


class Order(ScopedModel):
    """A measure taken against a project's unit, with what is wrong, and what became of it."""

    measure = models.ForeignKey(Measure, models.PROTECT, related_name="+", verbose_name="措施")
    number = models.CharField("文号", max_length=60, db_index=True)
    inspection = models.ForeignKey(
        Inspection, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name="来源检查"
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="原文书"
    )
    project = models.ForeignKey("registry.Project", models.PROTECT, related_name="+", verbose_name="项目")
    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="工地")
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    authority = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="制作机关"
    )
    addressee = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="受送达单位"
    )
    part = models.CharField("停工部位", max_length=200, blank=True)
    items = models.JSONField("问题清单", default=list)  # [{"problem", "basis", "demand"}]
    points = models.PositiveSmallIntegerField("扣分", null=True, blank=True)
    issued_at = models.DateTimeField("制作时间", db_index=True)
    issued_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="制作人"
    )
    state = models.CharField(
        "状态", max_length=10, choices=OrderState.choices, default=OrderState.OPEN, db_index=True
    )
    colour = models.CharField(
        "时限",
        max_length=10,
        blank=True,
        db_index=True,
        choices=[("yellow", "黄色提醒"), ("red", "红色锁定")],
    )
    case = models.OneToOneField(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="派单"
    )
    document = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="文书"
    )
    resume_document = models.ForeignKey(
        "documents.Document",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="复工通知书",
    )
    closed_at = models.DateTimeField("闭合时间", null=True, blank=True)

    scope = OF_PROJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "整改停工单"
        verbose_name_plural = "整改停工单"
        ordering = ("-issued_at", "-pk")
        indexes = (
            models.Index(fields=("project", "state")),
            models.Index(fields=("addressee", "state")),
        )

    def __str__(self) -> str:
        return f"{self.measure} {self.number}"


class Reply(ScopedModel):
    """What a unit reports as put right, with photos from before and after, and the verdict of the re-check."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="replies", verbose_name="整改单")
    at = models.DateTimeField("回复时间")
    by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, related_name="+", verbose_name="回复人"
    )
    body = models.TextField("整改情况")
    before = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="整改前照片")
    after = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="整改后照片")
    passed = models.BooleanField("复查合格", null=True, blank=True)
    verdict = models.CharField("复查意见", max_length=500, blank=True)
    checked_at = models.DateTimeField("复查时间", null=True, blank=True)
    checked_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="复查人"
    )

    scope = Scope(
        region="order__region_code",
        project="order__project_id",
        organisation="order__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "整改回复"
        verbose_name_plural = "整改回复"
        ordering = ("order", "at")

    def __str__(self) -> str:
        return f"{self.order} 回复"


class Extension(Request):
    """An application for more time; only the authority grants it."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="extensions", verbose_name="整改单")
    until = models.DateTimeField("申请延至")
    reason = models.CharField("理由", max_length=500)

    scope = Scope(
        region="order__region_code",
        project="order__project_id",
        organisation="order__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "延期申请"
        verbose_name_plural = "延期申请"
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("order",), condition=models.Q(state="asked"), name="one_open_extension_an_order"
            ),
        )

    def __str__(self) -> str:
        return f"{self.order} 延期至 {self.until:%Y-%m-%d}"

    @property
    def about(self) -> str:
        """Its order."""
        return str(self.order)

    @property
    def link(self) -> str:
        """The page of its order."""
        return f"/inspection/orders/{self.order_id}/"
