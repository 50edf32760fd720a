"""监理报告 of a danger that the contractor does not mend (SUPV-01): receipt, the authority's answer, putting right, re-check."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.framework.scope import ScopedModel
from siteloop.systems.supervisor_firms.models.of_firm import WHY, OfFirm


class DangerField(models.TextChoices):
    """What it endangers."""

    QUALITY = "quality", "工程质量"
    SAFETY = "safety", "安全生产"


class DangerLevel(models.TextChoices):
    """How grave."""

    COMMON = "common", "一般隐患"
    MAJOR = "major", "重大隐患"


class Conduct(models.TextChoices):
    """What the contractor did after the firm's own order."""

    NOT_MENDED = "not_mended", "逾期未整改"
    REFUSED = "refused", "拒不整改"
    NOT_STOPPED = "not_stopped", "拒不停止施工"


class DangerState(models.TextChoices):
    """Whose turn it is."""

    DRAFT = "draft", "未报送"
    SENT = "sent", "待主管部门签收"
    ANSWERING = "answering", "待主管部门答复"
    RECTIFYING = "rectifying", "施工单位整改"
    CONFIRMING = "confirming", "待复查"
    CLOSED = "closed", "已闭环"
    UNFOUNDED = "unfounded", "核实不成立"
    WITHDRAWN = "withdrawn", "已撤回"


class DangerReport(OfFirm):
    """One danger report. From `send` on it moves with its case; nothing of it is changed by hand any more."""

    field = models.CharField("类别", max_length=10, choices=DangerField.choices)
    level = models.CharField("隐患等级", max_length=10, choices=DangerLevel.choices)
    place = models.CharField("隐患部位", max_length=120)
    danger = models.TextField("隐患情况")
    order_number = models.CharField("监理通知单或暂停令编号", max_length=60)
    ordered_on = models.DateField("要求整改日期")
    conduct = models.CharField("施工单位情况", max_length=12, choices=Conduct.choices)
    state = models.CharField(
        "状态",
        max_length=12,
        choices=DangerState.choices,
        default=DangerState.DRAFT,
        editable=False,
        db_index=True,
    )
    evidence = models.ManyToManyField(
        "files.Evidence", blank=True, related_name="+", verbose_name="照片和监理通知单", editable=False
    )
    sent_at = models.DateTimeField("报送时间", null=True, blank=True, editable=False)
    sent_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="报送人",
        editable=False,
    )
    received_at = models.DateTimeField("签收时间", null=True, blank=True, editable=False)
    due_at = models.DateTimeField("主管部门办理期限", null=True, blank=True, editable=False, db_index=True)
    is_late = models.BooleanField("主管部门曾逾期", default=False, editable=False)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True, editable=False)
    answer = models.TextField("主管部门答复", blank=True, editable=False)
    closed_at = models.DateTimeField("闭环时间", null=True, blank=True, editable=False)
    case = models.ForeignKey(
        "cases.Case",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="派单",
        editable=False,
    )

    scope = OfFirm.scope

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "隐患报告"
        verbose_name_plural = "隐患报告"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.get_level_display()}：{self.place}"

    def clean(self) -> None:
        """What was reported stays as it was reported."""
        if self.pk is None:
            return
        kept = DangerReport.objects.unscoped(WHY).filter(pk=self.pk).values_list("state", flat=True).first()
        if kept != DangerState.DRAFT:
            raise ValidationError("隐患报告已报送，不能修改；有补充情况请在派单中备注")
