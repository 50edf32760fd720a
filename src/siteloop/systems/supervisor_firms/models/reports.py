"""监理月报 and 监理专报: one row for each report that is owed, from the day it is owed (SUPV-01)."""

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils import timezone

from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms.models.of_firm import OfFirm


class ReportKind(models.TextChoices):
    """Each month, or once on demand or of the firm's own accord."""

    MONTHLY = "monthly", "监理月报"
    SPECIAL = "special", "监理专报"


class ReportState(models.TextChoices):
    """A report from the day it is owed to the authority's receipt."""

    DUE = "due", "待报送"
    SUBMITTED = "submitted", "待签收"
    RETURNED = "returned", "退回补正"
    RECEIVED = "received", "已签收"
    CANCELLED = "cancelled", "已取消"


#: on the firm's desk
OWED = (ReportState.DUE, ReportState.RETURNED)


class SupervisionReport(OfFirm):
    """One report. `figures` are counted by the program from its own records when the report is handed in."""

    kind = models.CharField(
        "报告类别", max_length=10, choices=ReportKind.choices, default=ReportKind.SPECIAL, editable=False
    )
    month = models.DateField("月份", null=True, blank=True, editable=False)
    title = models.CharField("报告名称", max_length=120)
    demand = models.TextField("报告要求", blank=True)
    due_at = models.DateTimeField("报送期限", null=True, blank=True, db_index=True)
    state = models.CharField(
        "状态",
        max_length=10,
        choices=ReportState.choices,
        default=ReportState.DUE,
        editable=False,
        db_index=True,
    )
    quality = models.TextField("质量监理情况", blank=True, editable=False)
    safety = models.TextField("安全监理及隐患处置情况", blank=True, editable=False)
    plan = models.TextField("存在问题和下月安排", blank=True, editable=False)
    figures = models.JSONField("本月数据", default=dict, blank=True, editable=False)
    is_late = models.BooleanField("逾期报送", default=False, editable=False)
    submitted_at = models.DateTimeField("报送时间", null=True, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="报送人",
        editable=False,
    )
    received_at = models.DateTimeField("签收时间", null=True, blank=True, editable=False)
    received_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="签收人",
        editable=False,
    )
    opinion = models.CharField("主管部门意见", max_length=500, blank=True, editable=False)
    case = models.ForeignKey(
        "cases.Case",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="逾期派单",
        editable=False,
    )

    #: addressed to the authority: the contractor it tells about does not read it
    scope = Scope(region="project__region_code", organisation="firm_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "监理报告"
        verbose_name_plural = "监理报告"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("project", "firm", "month"), condition=Q(kind="monthly"), name="one_report_a_month"
            ),
        )

    def __str__(self) -> str:
        return self.title

    def typed_by(self, viewer: Viewer) -> None:
        """The firm reports of its own accord; the authority over the place demands a report. Raises Refused 403 for others."""
        if not viewer.covers(self.project.region_code):
            super().typed_by(viewer)

    def is_overdue(self, now: dt.datetime | None = None) -> bool:
        """Still owed after its term."""
        return self.state in OWED and self.due_at is not None and self.due_at <= (now or timezone.now())
