"""What keeps a device truthful: calibration, annual inspection, maintenance, the contract for it and its review."""

from django.db import models

from siteloop.foundation.registry.models.devices import Device
from siteloop.foundation.registry.models.projects import Project
from siteloop.framework.scope import Scope, ScopedModel


class _Upkeep(ScopedModel):
    """Common part of the records about one device."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="%(class)ss", verbose_name="设备")

    scope = Scope(
        region="device__region_code",
        project="device__site__project_id",
        organisation=("device__site__project__parties__organisation_id", "device__supplier_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = True


class Calibration(_Upkeep):
    """校准记录."""

    kind = models.CharField("类别", max_length=40, default="校准")
    done_on = models.DateField("日期")
    valid_until = models.DateField("有效期至", null=True, blank=True)
    body = models.CharField("实施单位", max_length=120, blank=True)
    certificate = models.CharField("证书编号", max_length=80, blank=True)

    class Meta(_Upkeep.Meta):
        abstract = False
        verbose_name = "校准记录"
        verbose_name_plural = "校准记录"
        ordering = ("-done_on",)

    def __str__(self) -> str:
        return f"{self.device} {self.done_on}"


class AnnualInspection(_Upkeep):
    """年检记录 (IOT-08, DUST-20)."""

    done_on = models.DateField("年检日期")
    valid_until = models.DateField("有效期至", db_index=True)
    body = models.CharField("检验单位", max_length=120, blank=True)
    result = models.CharField(
        "结论", max_length=10, default="passed", choices=[("passed", "合格"), ("failed", "不合格")]
    )
    certificate = models.CharField("报告编号", max_length=80, blank=True)

    class Meta(_Upkeep.Meta):
        abstract = False
        verbose_name = "年检记录"
        verbose_name_plural = "年检记录"
        ordering = ("-done_on",)

    def __str__(self) -> str:
        return f"{self.device} {self.done_on}"


class Maintenance(_Upkeep):
    """运维记录 (DUST-13, DUST-16)."""

    at = models.DateTimeField("时间")
    kind = models.CharField(
        "类别",
        max_length=20,
        choices=[
            ("patrol", "巡检"),
            ("repair", "维修"),
            ("clean", "清洁"),
            ("replace", "更换"),
            ("calibrate", "校准"),
        ],
    )
    note = models.CharField("内容", max_length=300)
    by = models.CharField("运维人员", max_length=40, blank=True)
    minutes = models.PositiveIntegerField("停机时长（分钟）", default=0)

    class Meta(_Upkeep.Meta):
        abstract = False
        verbose_name = "运维记录"
        verbose_name_plural = "运维记录"
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.device} {self.get_kind_display()}"


class OperationContract(_Upkeep):
    """设备采购、租赁、运维合同 (IOT-04)."""

    kind = models.CharField(
        "类别", max_length=10, choices=[("purchase", "采购"), ("lease", "租赁"), ("operation", "运维")]
    )
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="承接单位"
    )
    number = models.CharField("合同编号", max_length=60, blank=True)
    valid_from = models.DateField("起始")
    valid_to = models.DateField("截止", null=True, blank=True)

    class Meta(_Upkeep.Meta):
        abstract = False
        verbose_name = "设备合同"
        verbose_name_plural = "设备合同"
        ordering = ("-valid_from",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


class MaintenanceReview(ScopedModel):
    """A month's upkeep statistics of one project, reviewed by the contractor's project leader (DUST-16)."""

    project = models.ForeignKey(
        Project, models.CASCADE, related_name="maintenance_reviews", verbose_name="项目"
    )
    month = models.DateField("月份")
    devices = models.PositiveIntegerField("设备数")
    online_rate = models.FloatField("在线率", null=True)
    valid_rate = models.FloatField("有效数据率", null=True)
    maintenance_count = models.PositiveIntegerField("运维次数", default=0)
    down_minutes = models.PositiveIntegerField("停机时长（分钟）", default=0)
    state = models.CharField(
        "审核",
        max_length=10,
        default="waiting",
        choices=[("waiting", "待审核"), ("confirmed", "已确认"), ("disputed", "有异议")],
    )
    opinion = models.CharField("审核意见", max_length=300, blank=True)
    reviewed_at = models.DateTimeField("审核时间", null=True, blank=True)
    reviewed_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审核人"
    )

    scope = Scope(
        region="project__region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "运维统计审核"
        verbose_name_plural = "运维统计审核"
        ordering = ("-month", "project")
        constraints = (models.UniqueConstraint(fields=("project", "month"), name="one_review_a_month"),)

    def __str__(self) -> str:
        return f"{self.project} {self.month:%Y-%m}"
