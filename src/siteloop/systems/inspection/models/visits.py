"""Inspections: who came, what was found at each line, what was brought from the site."""

from django.db import models

from siteloop.framework.action import Refused
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.systems.inspection.models.tables import CheckItem, CheckTable

#: kinds of organisations whose members inspect
AUTHORITIES = (
    "province_authority",
    "city_authority",
    "county_authority",
    "supervision_body",
    "site_supervision",
    "town_government",
    "law_enforcement",
    "urban_management",
)


LEAST_INSPECTORS = 2


OF_PROJECT = Scope(
    region="region_code", project="project_id", organisation="project__parties__organisation_id"
)


class InspectionKind(models.TextChoices):
    """Why somebody came."""

    DAILY = "daily", "日常检查"
    SPECIAL = "special", "专项检查"
    FOLLOW_UP = "follow_up", "复查"
    COMPLAINT = "complaint", "投诉核查"


class InspectionState(models.TextChoices):
    """An inspection is open until it is finished; what is finished is not changed any more."""

    OPEN = "open", "检查中"
    FINISHED = "finished", "已完成"
    VOID = "void", "已作废"


class Inspection(ScopedModel):
    """One visit of at least two inspectors to a site, over the chosen tables."""

    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="工地")
    project = models.ForeignKey(
        "registry.Project", models.PROTECT, related_name="+", verbose_name="项目", editable=False
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True, editable=False)
    kind = models.CharField("检查类型", max_length=12, choices=InspectionKind.choices, default="daily")
    checked_on = models.DateField("检查日期", db_index=True)
    inspectors = models.ManyToManyField(
        "authority.Account", related_name="+", verbose_name="检查人员", help_text="不少于两人"
    )
    tables = models.ManyToManyField(CheckTable, related_name="+", verbose_name="检查表")
    note = models.CharField("检查情况", max_length=500, blank=True)
    state = models.CharField(
        "状态", max_length=10, choices=InspectionState.choices, default=InspectionState.OPEN, editable=False
    )
    score = models.DecimalField("得分", max_digits=5, decimal_places=2, null=True, blank=True, editable=False)
    grade = models.CharField(
        "评定",
        max_length=10,
        blank=True,
        editable=False,
        choices=[("excellent", "优良"), ("passed", "合格"), ("failed", "不合格")],
    )
    failed = models.PositiveSmallIntegerField("不合格项", default=0, editable=False)
    finished_at = models.DateTimeField("完成时间", null=True, blank=True, editable=False)
    document = models.ForeignKey(
        "documents.Document",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="检查记录",
        editable=False,
    )

    scope = OF_PROJECT

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "监督检查"
        verbose_name_plural = "监督检查"
        ordering = ("-checked_on", "-pk")

    def __str__(self) -> str:
        return f"{self.checked_on} {self.site}{self.get_kind_display()}"

    def clean(self) -> None:
        """Project and region are the site's."""
        if self.site_id is not None:
            self.project_id, self.region_code = self.site.project_id, self.site.region_code

    def guard(self, viewer: Viewer) -> None:
        """At least two inspectors, all of an authority. Raises Refused 422."""
        people = self.inspectors.filter(posts__organisation__kind__in=AUTHORITIES).distinct()
        if people.count() < LEAST_INSPECTORS:
            raise Refused(
                "检查人员不得少于两人，且须为监管部门人员",
                status=422,
                errors={"inspectors": ["不少于两名监管部门人员"]},
            )


class LineResult(models.TextChoices):
    """What was found at a line."""

    OK = "ok", "符合"
    FAILED = "failed", "不符合"
    ABSENT = "absent", "缺项（不涉及）"


class InspectionLine(ScopedModel):
    """The judgement of one line. A failed one says what is wrong and is put right on the spot or goes into an order."""

    inspection = models.ForeignKey(Inspection, models.CASCADE, related_name="lines", verbose_name="监督检查")
    item = models.ForeignKey(CheckItem, models.PROTECT, related_name="+", verbose_name="检查项")
    result = models.CharField("结果", max_length=10, choices=LineResult.choices)
    deducted = models.DecimalField("扣分", max_digits=5, decimal_places=2, default=0)
    problem = models.CharField("问题描述", max_length=500, blank=True)
    demand = models.CharField("整改要求", max_length=500, blank=True)
    fixed_on_spot = models.BooleanField("当场改正", default=False)
    order = models.ForeignKey(
        "Order", models.PROTECT, null=True, blank=True, related_name="lines", verbose_name="整改单"
    )
    photos = models.ManyToManyField("files.Evidence", blank=True, related_name="+", verbose_name="照片")

    scope = Scope(
        region="inspection__region_code",
        project="inspection__project_id",
        organisation="inspection__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "检查结果"
        verbose_name_plural = "检查结果"
        ordering = ("inspection", "item__table__order", "item__number")
        constraints = (models.UniqueConstraint(fields=("inspection", "item"), name="one_result_a_line"),)

    def __str__(self) -> str:
        return f"{self.item}：{self.get_result_display()}"


class MaterialKind(models.TextChoices):
    """What is brought from a visit besides the photos of its lines."""

    SIGNATURE = "signature", "签名"
    PHOTO = "photo", "现场照片"
    VOICE = "voice", "录音"


class InspectionMaterial(ScopedModel):
    """A signature on glass, a photo of the whole or a voice note of a visit; `person` signed or is heard."""

    inspection = models.ForeignKey(
        Inspection, models.CASCADE, related_name="materials", verbose_name="监督检查"
    )
    file = models.ForeignKey("files.Evidence", models.PROTECT, related_name="+", verbose_name="文件")
    kind = models.CharField("种类", max_length=10, choices=MaterialKind.choices)
    person = models.CharField("签名人或说明", max_length=80, blank=True)
    at = models.DateTimeField("收存时间")

    scope = Scope(
        region="inspection__region_code",
        project="inspection__project_id",
        organisation="inspection__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "现场材料"
        verbose_name_plural = "现场材料"
        ordering = ("inspection", "pk")
        constraints = (models.UniqueConstraint(fields=("inspection", "file"), name="one_material_a_file"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.person}".strip()
