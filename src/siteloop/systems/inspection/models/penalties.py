"""The penalty procedure and its proofs."""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel
from siteloop.systems.inspection.models.measures import Measure
from siteloop.systems.inspection.models.orders import Order
from siteloop.systems.inspection.models.visits import OF_PROJECT


class PenaltyState(models.TextChoices):
    """行政处罚法 (2021): filed, told, decided, served, settled."""

    MOVED = "moved", "移送待立案"
    FILED = "filed", "已立案"
    TOLD = "told", "已告知"
    DECIDED = "decided", "已决定"
    SERVED = "served", "已送达"
    SETTLED = "settled", "已结案"
    DROPPED = "dropped", "不予处罚"
    WITHDRAWN = "withdrawn", "已撤案"


class Penalty(ScopedModel):
    """A penalty procedure with its dates. Decided within 90 days of filing (art. 60), served within 7 (art. 61)."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="penalty", verbose_name="移交文书")
    project = models.ForeignKey("registry.Project", models.PROTECT, related_name="+", verbose_name="项目")
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    party = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="当事人"
    )
    cause = models.CharField("案由", max_length=300)
    state = models.CharField(
        "状态", max_length=10, choices=PenaltyState.choices, default=PenaltyState.MOVED, db_index=True
    )
    measure = models.ForeignKey(
        Measure, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="罚则"
    )
    filed_on = models.DateField("立案日期", null=True, blank=True)
    told_on = models.DateField("告知日期", null=True, blank=True)
    hearing_asked_on = models.DateField("申请听证日期", null=True, blank=True)
    heard_on = models.DateField("听证日期", null=True, blank=True)
    decided_on = models.DateField("决定日期", null=True, blank=True)
    amount = models.DecimalField("罚款金额（元）", max_digits=12, decimal_places=2, null=True, blank=True)
    served_on = models.DateField("送达日期", null=True, blank=True)
    settled_on = models.DateField("结案日期", null=True, blank=True)
    outcome = models.CharField("结论", max_length=300, blank=True)
    case = models.OneToOneField(
        "cases.Case", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="派单"
    )
    document = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="决定书"
    )

    scope = OF_PROJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "行政处罚"
        verbose_name_plural = "行政处罚"
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.party} {self.cause}"


class ProofKind(models.TextChoices):
    """What a proof is (行政处罚法 art. 46 names the kinds; electronic monitoring has its own rule, art. 41)."""

    PAPER = "paper", "书证"
    PICTURE = "picture", "照片录像"
    STATEMENT = "statement", "陈述笔录"
    RECORD = "record", "勘验检查笔录"
    ELECTRONIC = "electronic", "电子技术监控记录"


class Proof(ScopedModel):
    """One proof of a penalty. An electronic monitoring record counts only after legal and technical review (art. 41)."""

    penalty = models.ForeignKey(Penalty, models.CASCADE, related_name="proofs", verbose_name="行政处罚")
    kind = models.CharField("证据种类", max_length=12, choices=ProofKind.choices)
    title = models.CharField("名称", max_length=120)
    file = models.ForeignKey(
        "files.Evidence", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="文件"
    )
    device = models.ForeignKey(
        "registry.Device", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="监控设备"
    )
    device_marked = models.BooleanField("设备有明显标志", default=False)
    place_published_on = models.DateField("设置地点公布日期", null=True, blank=True)
    legal_review_on = models.DateField("法制审核日期", null=True, blank=True)
    legal_review_by = models.CharField("法制审核人", max_length=40, blank=True)
    technical_review_on = models.DateField("技术审核日期", null=True, blank=True)
    technical_review_by = models.CharField("技术审核人", max_length=40, blank=True)

    scope = Scope(
        region="penalty__region_code",
        project="penalty__project_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "处罚证据"
        verbose_name_plural = "处罚证据"
        ordering = ("penalty", "pk")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title}"

    @property
    def lacking(self) -> list[str]:
        """What an electronic record still lacks before it is evidence; nothing for other kinds."""
        if self.kind != ProofKind.ELECTRONIC:
            return []
        wanted = (
            (self.legal_review_on, "法制审核"),
            (self.technical_review_on, "技术审核"),
            (self.device_marked, "设备明显标志"),
            (self.place_published_on, "设置地点公布"),
        )
        return [name for value, name in wanted if not value]

    @property
    def is_evidence(self) -> bool:
        """Whether a decision may rest on it."""
        return not self.lacking
