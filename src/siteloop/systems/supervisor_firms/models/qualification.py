"""资质动态核查 (SUPV-04): the firm's certificate, the table of what each level demands, the checks line by line."""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class FirmLevel(models.TextChoices):
    """Qualification of a supervisor firm."""

    COMPREHENSIVE = "comprehensive", "综合资质"
    GRADE_A = "grade_a", "甲级"
    GRADE_B = "grade_b", "乙级"
    GRADE_C = "grade_c", "丙级"


class Speciality(models.TextChoices):
    """Field of the qualification."""

    BUILDING = "building", "房屋建筑工程"
    MUNICIPAL = "municipal", "市政公用工程"


class Verdict(models.TextChoices):
    """What the last check found."""

    UNKNOWN = "unknown", "未核查"
    MET = "met", "符合"
    SHORT = "short", "不符合"


class FirmFile(ScopedModel):
    """监理企业资质档案: one firm's certificate; its people and their certificates stand in the people register."""

    organisation = models.OneToOneField(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="监理单位"
    )
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    level = models.CharField("资质等级", max_length=14, choices=FirmLevel.choices)
    speciality = models.CharField("专业类别", max_length=10, choices=Speciality.choices)
    certificate_number = models.CharField("资质证书编号", max_length=60)
    valid_until = models.DateField("有效期至")
    verdict = models.CharField(
        "核查结论",
        max_length=8,
        choices=Verdict.choices,
        default=Verdict.UNKNOWN,
        editable=False,
        db_index=True,
    )
    checked_at = models.DateTimeField("最近核查", null=True, blank=True, editable=False)
    case = models.ForeignKey(
        "cases.Case",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="整改派单",
        editable=False,
    )

    scope = Scope(region="region_code", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "监理企业资质"
        verbose_name_plural = "监理企业资质"
        ordering = ("pk",)

    def __str__(self) -> str:
        return str(self.organisation)


class StandardKind(models.TextChoices):
    """What a line of the table asks for."""

    CERTIFICATE = "certificate", "企业资质证书在有效期内"
    STAFF = "staff", "持证人员数量"
    POST = "post", "在岗人员持证"
    PROJECTS = "projects", "一人任职项目数"


class Standard(ScopedModel):
    """One line of the table: what a level, or every level, demands. Table data with its clause."""

    code = models.CharField("代码", max_length=60, unique=True)
    title = models.CharField("要求", max_length=120)
    kind = models.CharField("核查方式", max_length=12, choices=StandardKind.choices)
    level = models.CharField("适用等级", max_length=14, choices=FirmLevel.choices, blank=True)
    speciality = models.CharField("适用专业", max_length=10, choices=Speciality.choices, blank=True)
    certificate_kind = models.CharField("证书类别", max_length=60, blank=True)
    post_kind = models.CharField("岗位", max_length=30, blank=True)
    amount = models.PositiveSmallIntegerField(
        "数值", default=1, help_text="持证人员为至少人数，任职项目为至多个数"
    )
    clause = models.CharField("依据", max_length=200, blank=True)
    verified = models.BooleanField("条款已核实", default=False)
    is_active = models.BooleanField("在用", default=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "资质核查标准"
        verbose_name_plural = "资质核查标准"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.title

    @property
    def basis(self) -> str:
        """The clause as documents quote it; an unverified one says so."""
        words = self.clause or "依据未录入"
        return words if self.verified or "未核实" in words else f"{words}（未核实）"


class FirmCheck(ScopedModel):
    """One dynamic check of one firm."""

    file = models.ForeignKey(FirmFile, models.PROTECT, related_name="checks", verbose_name="监理单位")
    at = models.DateTimeField("核查时间", db_index=True)
    by = models.CharField("核查人", max_length=80)
    verdict = models.CharField("结论", max_length=8, choices=Verdict.choices)
    failed = models.PositiveSmallIntegerField("不符合项", default=0)

    scope = Scope(region="file__region_code", organisation="file__organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "资质核查"
        verbose_name_plural = "资质核查"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.file} {self.get_verdict_display()}"


class FirmCheckLine(ScopedModel):
    """One line of a check: demanded, found, and exactly what is missing. Words are copied, so a later table changes nothing."""

    check_of = models.ForeignKey(FirmCheck, models.CASCADE, related_name="lines", verbose_name="核查")
    standard = models.ForeignKey(Standard, models.PROTECT, related_name="+", verbose_name="要求")
    title = models.CharField("要求", max_length=120)
    demanded = models.CharField("应有", max_length=60)
    found = models.CharField("实有", max_length=60)
    is_met = models.BooleanField("符合")
    missing = models.TextField("缺少", blank=True)
    clause = models.CharField("依据", max_length=220, blank=True)

    scope = Scope(region="check_of__file__region_code", organisation="check_of__file__organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "核查明细"
        verbose_name_plural = "核查明细"
        ordering = ("is_met", "pk")

    def __str__(self) -> str:
        return self.title
