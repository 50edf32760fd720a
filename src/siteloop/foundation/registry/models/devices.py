"""Devices and their models, whose reports of conformance are filed with them."""

import datetime as dt
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from siteloop.foundation.people.vault import EncryptedTextField
from siteloop.foundation.registry import credentials
from siteloop.foundation.registry.models.projects import Site
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
PROTOCOLS = conformance.PROFILES
VERDICTS = [("untested", "未测试"), ("pass", "通过"), ("fail", "不通过"), ("not_shown", "未出现")]


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
