"""What the dust system keeps of its own: each monitor's month of operation and upkeep, and citizens' complaints."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from siteloop.foundation.people.vault import EncryptedTextField
from siteloop.framework.scope import Scope, ScopedModel


class DeviceMonth(ScopedModel):
    """One monitor's operation and upkeep in one month (DUST-13, DUST-16); counted, never typed in.

    Rates are 0..1 and None when the monitor had no hour to serve in that month.
    """

    review = models.ForeignKey(
        "registry.MaintenanceReview", models.CASCADE, related_name="device_months", verbose_name="运维统计"
    )
    device = models.ForeignKey("registry.Device", models.PROTECT, related_name="+", verbose_name="设备")
    month = models.DateField("月份", db_index=True)
    hours = models.PositiveIntegerField("应在线（小时）")
    online_hours = models.PositiveIntegerField("在线（小时）")
    expected = models.PositiveIntegerField("应收数据（条）")
    valid = models.PositiveIntegerField("有效数据（条）")
    online_rate = models.FloatField("在线率", null=True)
    valid_rate = models.FloatField("有效数据率", null=True)
    faults = models.PositiveIntegerField("故障次数", default=0)
    maintenance_count = models.PositiveIntegerField("运维次数", default=0)
    maintenance_minutes = models.PositiveIntegerField("停机时长（分钟）", default=0)
    calibrations = models.PositiveIntegerField("校准次数", default=0)
    calibrated_until = models.DateField("校准有效期至", null=True)
    inspected_until = models.DateField("年检有效期至", null=True)
    counted_at = models.DateTimeField("统计时间")

    scope = Scope(
        region="device__region_code",
        project="device__site__project_id",
        organisation=("device__site__project__parties__organisation_id", "device__supplier_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "设备运维月报"
        verbose_name_plural = "设备运维月报"
        ordering = ("-month", "device")
        constraints = (
            models.UniqueConstraint(fields=("review", "device"), name="one_device_month_a_review"),
        )

    def __str__(self) -> str:
        return f"{self.device} {self.month:%Y-%m}"


class ComplaintState(models.TextChoices):
    """A complaint's life."""

    RECEIVED = "received", "待核查"
    DISPATCHED = "dispatched", "已派单"
    ANSWERED = "answered", "已答复"


class Complaint(ScopedModel):
    """A citizen's complaint about dust or noise, taken in by urban management (DUST-29).

    Only authorities over the region see it: the project hears of the dispatch, never of who complained.
    """

    hotline_number = models.CharField("来件编号", max_length=60, blank=True)
    channel = models.CharField(
        "来源",
        max_length=10,
        choices=[
            ("hotline", "12345 热线"),
            ("online", "网络平台"),
            ("letter", "来信来访"),
            ("spot", "现场反映"),
        ],
    )
    topic = models.CharField(
        "反映问题", max_length=10, choices=[("dust", "扬尘"), ("noise", "噪声"), ("both", "扬尘和噪声")]
    )
    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="被反映工地")
    region_code = models.CharField("区划代码", max_length=12, db_index=True, editable=False)
    occurred_at = models.DateTimeField("发生时间")
    content = models.TextField("反映内容", max_length=1000)
    contact = EncryptedTextField("联系电话", blank=True, default="")
    #: SHA-256 of the code a citizen follows the complaint with; the code itself is told once and kept nowhere
    tracking = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    received_at = models.DateTimeField("受理时间", auto_now_add=True)
    state = models.CharField(
        "状态",
        max_length=10,
        choices=ComplaintState.choices,
        default=ComplaintState.RECEIVED,
        editable=False,
    )
    facts = models.JSONField("监测取证", default=dict, editable=False)
    case = models.ForeignKey(
        "cases.Case",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="派单",
        editable=False,
    )
    answer = models.TextField("答复", blank=True, editable=False)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True, editable=False)

    scope = Scope(region="region_code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "市民投诉"
        verbose_name_plural = "市民投诉"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.site} {self.get_topic_display()}投诉 {self.pk or ''}".strip()

    def clean(self) -> None:
        """What has not happened yet cannot be complained of; what was answered stays as it was answered."""
        super().clean()
        if self.state == ComplaintState.ANSWERED:
            raise ValidationError("投诉已答复办结，不能修改")
        if self.occurred_at and self.occurred_at > timezone.now():
            raise ValidationError({"occurred_at": "发生时间不能晚于现在"})

    def save(self, *args: object, **kwargs: object) -> None:
        """The region is always the site's."""
        self.region_code = self.site.region_code
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def masked_contact(self) -> str:
        """138****0000."""
        return f"{self.contact[:3]}****{self.contact[-4:]}" if len(self.contact) >= 7 else ""
