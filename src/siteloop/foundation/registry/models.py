"""Projects with their parties, sites, devices and the devices' upkeep: the nouns every system shares.

Official field names of 建办市〔2018〕81号 stand in `standard81.py`; money is in 万元, area in ㎡ (standards.md §4).
"""

import datetime as dt
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from siteloop.foundation.people.vault import EncryptedTextField
from siteloop.foundation.registry import credentials
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.kernel import conformance, quirks
from siteloop.kernel.profiles import PROFILES, RECORDS


def check_quirks(value: object) -> None:
    """Raises ValidationError with a sentence for anything but a list of known settings."""
    if not isinstance(value, list) or not all(isinstance(q, str) for q in value):
        raise ValidationError('请填写列表，如 ["unpadded_length"]')
    try:
        quirks.check(value)
    except ValueError as wrong:
        raise ValidationError(str(wrong)) from wrong


#: read a register map and a polling address as the poller will; they raise ValueError with a sentence. The fast plane lends them
MAP_READERS: list[Callable[[str], object]] = []
ADDRESS_READERS: list[Callable[[str], object]] = []


def _read_by(readers: list[Callable[[str], object]], text: str) -> None:
    for read in readers:
        try:
            read(text)
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong


def check_map(text: str) -> None:
    """Raises ValidationError with a sentence for a register map the poller cannot use."""
    _read_by(MAP_READERS, text)


def check_address(text: str) -> None:
    """Raises ValidationError for what is no host[:port][/unit]."""
    _read_by(ADDRESS_READERS, text)


#: kinds of device a person may register
KINDS = [(p.code, p.title) for p in PROFILES.values() if p.code not in RECORDS]
#: what a device model speaks
PROTOCOLS: dict[str, tuple[str, str]] = {
    **{code: titles for code, titles in conformance.PROFILES.items()},
    "events": ("事件推送（摄像机、门禁）", "Event push"),
}
VERDICTS = [("untested", "未测试"), ("pass", "通过"), ("fail", "不通过"), ("not_shown", "未出现")]


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


class DeviceState(models.TextChoices):
    """Whether a device's data are taken in."""

    ACTIVE = "active", "在用"
    STOPPED = "stopped", "停用"
    RETIRED = "retired", "拆除"


class DeviceModel(ScopedModel):
    """A maker's model of a device, with the verdict of its last conformance report. The same for every region."""

    maker = models.CharField("生产厂家", max_length=120)
    name = models.CharField("型号", max_length=80)
    firmware = models.CharField("固件版本", max_length=40, blank=True)
    profile = models.CharField("设备类型", max_length=20, choices=KINDS)
    protocol = models.CharField(
        "通信协议", max_length=20, choices=[(code, zh) for code, (zh, _) in PROTOCOLS.items()]
    )
    note = models.CharField("说明", max_length=300, blank=True)
    registers = models.TextField(
        "寄存器表",
        max_length=20_000,
        blank=True,
        default="",
        validators=[check_map],
        help_text="Modbus 传感器：TOML，写明各监测项的寄存器地址、类型、系数；格式见协议文档 Modbus",
    )
    verdict = models.CharField(
        "符合性测试", max_length=10, choices=VERDICTS, default="untested", editable=False
    )
    tested_at = models.DateTimeField("测试时间", null=True, blank=True, editable=False)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "设备型号"
        verbose_name_plural = "设备型号"
        ordering = ("maker", "name", "firmware")
        constraints = (
            models.UniqueConstraint(fields=("maker", "name", "firmware"), name="one_model_a_firmware"),
        )

    def __str__(self) -> str:
        return f"{self.maker} {self.name}{' ' + self.firmware if self.firmware else ''}"


class ConformanceReport(ScopedModel):
    """A filed report of `siteloop conformance`: the file is kept as evidence, its cases are shown from `body`."""

    model = models.ForeignKey(DeviceModel, models.PROTECT, related_name="reports", verbose_name="设备型号")
    profile = models.CharField(
        "测试协议", max_length=20, choices=[(code, zh) for code, (zh, _) in conformance.PROFILES.items()]
    )
    role = models.CharField(
        "被测对象", max_length=10, choices=[("device", "设备"), ("platform", "平台或客户端")]
    )
    verdict = models.CharField("结论", max_length=10, choices=VERDICTS[1:])
    passed = models.PositiveIntegerField("通过")
    failed = models.PositiveIntegerField("不通过")
    not_shown = models.PositiveIntegerField("未出现")
    tested_at = models.DateTimeField("测试时间")
    tester = models.CharField("测试人", max_length=80, blank=True)
    tool = models.CharField("测试程序版本", max_length=40, blank=True)
    sha256 = models.CharField("文件 SHA-256", max_length=64)
    evidence = models.ForeignKey("files.Evidence", models.PROTECT, related_name="+", verbose_name="报告文件")
    body = models.JSONField("内容", editable=False)
    filed_at = models.DateTimeField("归档时间")

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "符合性测试报告"
        verbose_name_plural = "符合性测试报告"
        ordering = ("-tested_at",)
        constraints = (models.UniqueConstraint(fields=("model", "sha256"), name="one_filing_a_report"),)

    def __str__(self) -> str:
        return f"{self.model} {self.get_profile_display()} {self.tested_at:%Y-%m-%d}"


class Device(ScopedModel):
    """A registered device. `number` keys all its telemetry, for ever; `code` is what it calls itself (MN)."""

    number = models.AutoField("序号", primary_key=True)
    code = models.CharField("设备编码（MN）", max_length=40, unique=True)
    profile = models.CharField(
        "设备类型",
        max_length=20,
        choices=KINDS,
        db_index=True,
    )
    title = models.CharField("名称", max_length=80, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="devices", verbose_name="工地")
    region_code = models.CharField("区划代码", max_length=12, db_index=True, editable=False)
    install_point = models.CharField("安装位置", max_length=80, blank=True)
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)
    supplier = models.ForeignKey(
        "authority.Organisation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="设备服务单位",
    )
    model = models.ForeignKey(
        DeviceModel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="devices",
        verbose_name="型号（登记）",
        help_text="从“设备型号”中选择，可看到其符合性测试结论",
    )
    model_name = models.CharField("型号", max_length=80, blank=True)
    firmware = models.CharField("固件版本", max_length=40, blank=True)
    unit_scale = models.JSONField(
        "单位换算", default=dict, blank=True, help_text='如 {"pm25": 1000} 表示设备上报 mg/m³'
    )
    crc_quirk = models.CharField(
        "CRC 方式",
        max_length=20,
        default="hj212",
        choices=[
            ("hj212", "HJ 212 标准"),
            ("hj212_swapped", "HJ 212 字节互换"),
            ("modbus_low_first", "MODBUS 低字节在前"),
        ],
    )
    hj212_version = models.CharField(
        "HJ 212 版本",
        max_length=4,
        default="2017",
        choices=[("2005", "HJ/T 212-2005"), ("2017", "HJ 212-2017"), ("2025", "HJ 212-2025")],
    )
    quirks = models.JSONField(
        "协议兼容设置",
        default=list,
        blank=True,
        validators=[check_quirks],
        help_text='设备报文与标准不符之处的放行清单，如 ["unpadded_length"]；可选项见协议文档 HJ 212',
    )
    sm4_key = EncryptedTextField(
        "SM4 密钥",
        blank=True,
        default="",
        validators=[RegexValidator(r"^[0-9A-Fa-f]{32}$", "请填写 32 位十六进制密钥")],
        help_text="HJ 212-2025 数据区加密；留空表示不加密",
    )
    password = models.CharField("访问密码（PW）", max_length=24, blank=True)
    token_hash = models.CharField("令牌摘要", max_length=64, blank=True, editable=False)
    token_ha1 = EncryptedTextField("令牌摘要（HTTP Digest）", blank=True, default="", editable=False)
    token_issued_at = models.DateTimeField("令牌签发时间", null=True, blank=True, editable=False)
    previous_token_hash = models.CharField("旧令牌摘要", max_length=64, blank=True, editable=False)
    previous_ha1 = EncryptedTextField("旧令牌摘要（HTTP Digest）", blank=True, default="", editable=False)
    previous_until = models.DateTimeField("旧令牌有效至", null=True, blank=True, editable=False)
    preset_token = EncryptedTextField(
        "预置令牌",
        blank=True,
        default="",
        validators=[credentials.check_preset],
        help_text="设备出厂已写入的 MQTT/HTTP 令牌，保存后只留摘要；也可留空，登记后用“换发令牌”生成",
    )
    polled_at = models.CharField(
        "轮询地址",
        max_length=80,
        blank=True,
        default="",
        validators=[check_address],
        help_text="Modbus 设备由平台主动读取：主机[:端口][/站号]，如 10.1.2.3:502/1；寄存器表取自所选型号；其他设备留空",
    )
    interval_s = models.PositiveIntegerField("上报间隔（秒）", default=300)
    state = models.CharField(
        "状态", max_length=10, choices=DeviceState.choices, default=DeviceState.ACTIVE, db_index=True
    )
    linked = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="watched_by", verbose_name="联动设备"
    )
    installed_on = models.DateField("安装日期", null=True, blank=True)

    scope = Scope(
        region="region_code",
        project="site__project_id",
        organisation=("site__project__parties__organisation_id", "supplier_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "设备"
        verbose_name_plural = "设备"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.title or self.code

    def save(self, *args: object, **kwargs: object) -> None:
        """The region is always the site's; of a preset token only the digests are kept."""
        self.region_code = self.site.region_code
        if self.model is not None and not self.model_name:
            self.model_name = self.model.name
        if self.preset_token:
            credentials.give(self, self.preset_token)
            self.preset_token = ""
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> None:
        """A device is of the kind its model is."""
        if self.model is not None and self.profile and self.model.profile != self.profile:
            kind = self.model.get_profile_display()
            raise ValidationError({"model": f"该型号是“{kind}”，与设备类型不符"})

    def new_token(self, grace: dt.timedelta = dt.timedelta(0)) -> str:
        """A fresh token; the one before it stays good for `grace`. Only digests are kept."""
        token = credentials.fresh(self.profile)
        credentials.give(self, token, grace)
        return token

    @property
    def has_previous_token(self) -> bool:
        """Whether the token before the newest still opens the doors."""
        return self.previous_until is not None and self.previous_until > timezone.now()


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
