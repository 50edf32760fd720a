"""What the dust system keeps of its own: each monitor's month of operation and upkeep."""

from django.db import models

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
