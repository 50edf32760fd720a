"""Projects with their parties, posts, single works and site.

Official field names of 建办市〔2018〕81号 stand in `standard81.py`; money is in 万元, area in ㎡ (standards.md §4).
"""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class WorkKind(models.TextChoices):
    """BASE-06."""

    HOUSING = "housing", "房屋建筑（含工业厂房）"
    MUNICIPAL = "municipal", "市政基础设施"
    OTHER = "other", "其他"


class WorkState(models.TextChoices):
    """PROJ-11 and suspension."""

    NOT_STARTED = "not_started", "未开工"
    UNDER_CONSTRUCTION = "under_construction", "在建"
    SUSPENDED = "suspended", "停工"
    COMPLETED = "completed", "已完工"


class Investment(models.TextChoices):
    """Key-investment level."""

    NONE = "none", "无"
    CITY = "city", "市重点"
    PROVINCE = "province", "省重点"
    NATION = "nation", "国家重点"


class Standardisation(models.TextChoices):
    """Safety standardisation level applied for."""

    NONE = "none", "未申报"
    DISTRICT = "district", "区级"
    CITY = "city", "市级"
    PROVINCE = "province", "省级"


class ReviewState(models.TextChoices):
    """County review of the data (BASE-08)."""

    DRAFT = "draft", "未提交"
    SUBMITTED = "submitted", "待审核"
    PASSED = "passed", "审核通过"
    RETURNED = "returned", "退回补正"


class Project(ScopedModel):
    """A construction project."""

    code = models.CharField("项目编号", max_length=40, unique=True)
    inner_code = models.CharField("项目内部编号", max_length=40, blank=True)
    name = models.CharField("项目名称", max_length=200)
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    zone = models.CharField("功能区", max_length=40, blank=True)
    work_kind = models.CharField(
        "工程类别", max_length=20, choices=WorkKind.choices, default=WorkKind.HOUSING
    )
    floor_area = models.DecimalField("建筑面积（㎡）", max_digits=14, decimal_places=2, null=True, blank=True)
    cost_wan = models.DecimalField("造价（万元）", max_digits=14, decimal_places=4, null=True, blank=True)
    total_investment_wan = models.DecimalField(
        "总投资（万元）", max_digits=16, decimal_places=4, null=True, blank=True
    )
    structure = models.CharField("结构体系", max_length=60, blank=True)
    size_text = models.CharField("建设规模", max_length=300, blank=True)
    is_public_key = models.BooleanField("重点公建", default=False)
    key_investment = models.CharField(
        "重点投资", max_length=10, choices=Investment.choices, default=Investment.NONE
    )
    standardisation = models.CharField(
        "标化申报", max_length=10, choices=Standardisation.choices, default=Standardisation.NONE
    )
    is_class_one = models.BooleanField("一类项目", default=False)
    required_by_authority = models.BooleanField("主管部门要求安装", null=True, blank=True)
    state = models.CharField(
        "状态", max_length=20, choices=WorkState.choices, default=WorkState.NOT_STARTED, db_index=True
    )
    approval_number = models.CharField("立项文号", max_length=100, blank=True)
    land_permit_number = models.CharField("用地规划许可证编号", max_length=100, blank=True)
    plan_permit_number = models.CharField("工程规划许可证编号", max_length=100, blank=True)
    permit_number = models.CharField("施工许可证编号", max_length=60, blank=True, db_index=True)
    permit_date = models.DateField("发证日期", null=True, blank=True)
    contract_wan = models.DecimalField(
        "合同价（万元）", max_digits=14, decimal_places=4, null=True, blank=True
    )
    supervision_number = models.CharField("质安监督编号", max_length=60, blank=True)
    started_on = models.DateField("开工日期", null=True, blank=True)
    planned_finish = models.DateField("计划竣工", null=True, blank=True)
    finished_on = models.DateField("竣工日期", null=True, blank=True)
    progress = models.CharField("形象进度", max_length=120, blank=True)
    completeness = models.PositiveSmallIntegerField("资料完整度", default=0, editable=False)
    review_state = models.CharField(
        "资料审核", max_length=10, choices=ReviewState.choices, default=ReviewState.DRAFT
    )
    review_opinion = models.CharField("审核意见", max_length=300, blank=True)
    reviewed_at = models.DateTimeField("审核时间", null=True, blank=True)
    reviewed_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审核人"
    )

    scope = Scope(region="region_code", project="id", organisation="parties__organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "项目"
        verbose_name_plural = "项目"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class PartyKind(models.TextChoices):
    """Five responsible parties, monitoring and testing bodies (BASE-04, BASE-05)."""

    BUILDER = "builder", "建设单位"
    SURVEY = "survey", "勘察单位"
    DESIGN = "design", "设计单位"
    CONTRACTOR = "contractor", "施工单位"
    SUPERVISOR_FIRM = "supervisor_firm", "监理单位"
    MONITORING = "monitoring", "监测单位"
    TESTING = "testing", "检测机构"


class Party(ScopedModel):
    """An organisation's part in a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="parties", verbose_name="项目")
    kind = models.CharField("责任主体", max_length=20, choices=PartyKind.choices)
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="parties", verbose_name="单位"
    )
    contact = models.CharField("联系人", max_length=40, blank=True)

    scope = Scope(region="project__region_code", project="project_id", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "参建单位"
        verbose_name_plural = "参建单位"
        ordering = ("project", "kind")
        constraints = (
            models.UniqueConstraint(fields=("project", "kind", "organisation"), name="one_party_a_kind"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.organisation}"


class PostKind(models.TextChoices):
    """Key posts of a project."""

    PROJECT_MANAGER = "project_manager", "项目经理"
    CHIEF_ENGINEER = "chief_engineer", "技术负责人"
    SAFETY_OFFICER = "safety_officer", "专职安全员"
    QUALITY_OFFICER = "quality_officer", "质量员"
    CONSTRUCTION_OFFICER = "construction_officer", "施工员"
    LABOUR_OFFICER = "labour_officer", "劳资专管员"
    CHIEF_SUPERVISOR = "chief_supervisor", "总监理工程师"
    SUPERVISOR_ENGINEER = "supervisor_engineer", "专业监理工程师"
    BUILDER_LEADER = "builder_leader", "建设单位项目负责人"


class ProjectPost(ScopedModel):
    """Who holds a key post in a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="posts", verbose_name="项目")
    kind = models.CharField("岗位", max_length=30, choices=PostKind.choices)
    account = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="project_posts",
        verbose_name="账号",
    )
    person = models.ForeignKey(
        "people.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="project_posts",
        verbose_name="人员",
    )
    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="单位"
    )

    scope = Scope(region="project__region_code", project="project_id", organisation="organisation_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "关键岗位"
        verbose_name_plural = "关键岗位"
        ordering = ("project", "kind")
        indexes = (models.Index(fields=("project", "kind")),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.account or self.person or ''}"


class SingleWork(ScopedModel):
    """单体工程."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="works", verbose_name="项目")
    name = models.CharField("单体名称", max_length=120)
    floor_area = models.DecimalField("建筑面积（㎡）", max_digits=14, decimal_places=2, null=True, blank=True)
    storeys_above = models.PositiveSmallIntegerField("地上层数", null=True, blank=True)
    storeys_below = models.PositiveSmallIntegerField("地下层数", null=True, blank=True)
    height = models.DecimalField("高度（m）", max_digits=8, decimal_places=2, null=True, blank=True)
    structure = models.CharField("结构形式", max_length=60, blank=True)

    scope = Scope(region="project__region_code", project="project_id")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "单体工程"
        verbose_name_plural = "单体工程"
        ordering = ("project", "name")

    def __str__(self) -> str:
        return self.name


class Site(ScopedModel):
    """A construction site: where a project is built. Position WGS-84 degrees; `fence` a closed ring of [lon, lat]."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="sites", verbose_name="项目")
    name = models.CharField("工地名称", max_length=120)
    address = models.CharField("地址", max_length=200, blank=True)
    region_code = models.CharField("区划代码", max_length=12, db_index=True)
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)
    fence = models.JSONField("电子围栏", default=list, blank=True)
    state = models.CharField(
        "状态", max_length=20, choices=WorkState.choices, default=WorkState.NOT_STARTED, db_index=True
    )
    works_from = models.TimeField("作业开始", null=True, blank=True)
    works_to = models.TimeField("作业结束", null=True, blank=True)

    scope = Scope(
        region="region_code", project="project_id", organisation="project__parties__organisation_id"
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "工地"
        verbose_name_plural = "工地"
        ordering = ("region_code", "name")

    def __str__(self) -> str:
        return self.name
