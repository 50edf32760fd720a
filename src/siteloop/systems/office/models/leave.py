"""Leave: the one place that says who is away."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.framework.scope import Scope
from siteloop.systems.office.models.row import OfficeRow, nobody_yet, person


class LeaveKind(models.TextChoices):
    """Why somebody is away."""

    ANNUAL = "annual", "年休假"
    PERSONAL = "personal", "事假"
    SICK = "sick", "病假"
    TRAVEL = "travel", "公务外出"
    TRAINING = "training", "培训学习"
    OTHER = "other", "其他"


class LeaveState(models.TextChoices):
    """A request's life."""

    ASKED = "asked", "待审批"
    APPROVED = "approved", "已批准"
    REFUSED = "refused", "未批准"
    WITHDRAWN = "withdrawn", "已撤回"


class LeaveRequest(OfficeRow):
    """请假. `ends_on` is the last day away: the day asked for, or an earlier one when somebody came back (销假).

    Its name says no kind: trails and notices of the region must not tell who is ill.
    """

    account = person("请假人")
    kind = models.CharField("类别", max_length=10, choices=LeaveKind.choices)
    from_on = models.DateField("自", db_index=True)
    to_on = models.DateField("至")
    ends_on = models.DateField("实际至", db_index=True)
    reason = models.CharField("事由", max_length=200, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=LeaveState.choices, default=LeaveState.ASKED, db_index=True
    )
    asked_at = models.DateTimeField("申请时间", auto_now_add=True)
    decided_by = nobody_yet("审批人")
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    opinion = models.CharField("审批意见", max_length=300, blank=True)

    scope = Scope(region="region_code", owner="account_id", oversee="office.leaverequest.oversee")

    class Meta(OfficeRow.Meta):
        abstract = False
        verbose_name = "请假"
        verbose_name_plural = "请假"
        ordering = ("-from_on", "-pk")

    def __str__(self) -> str:
        return f"{self.account} {self.from_on}—{self.ends_on}"

    def clean(self) -> None:
        """Ends after it begins."""
        if self.from_on and self.to_on and self.to_on < self.from_on:
            raise ValidationError({"to_on": "不能早于开始日期"})
