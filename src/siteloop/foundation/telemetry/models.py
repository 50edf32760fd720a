"""The quarantine and the devices that wait at the doors, as registers. The fast plane owns the tables; the desk reads them and
writes down what is to become of a row, nothing else."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.registry.models import Device
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer
from siteloop.kernel.reasons import TITLES

KEPT_RAW = 4_096  # bytes of a refused message that the fast plane keeps
UNKNOWN = "telemetry.quarantine.unknown"  # the right to see what no registered device answers for


@dataclass(frozen=True)
class QuarantineScope(Scope):
    """A message belongs to where its device stands. What no registered device answers for is for platform operations."""

    def q(self, viewer: Viewer) -> Q:
        """The filter."""
        if viewer.is_system:
            return Q()
        found = Q(device_id__in=Device.objects.visible_to(viewer).values("pk"))
        if viewer.may(UNKNOWN):
            found |= Q(device_id=0)
        # as keys: a join that shows the device's name would leave out what no device answers for
        keys = Quarantine.objects.unscoped("the condition itself is the scope").filter(found)
        return Q(pk__in=keys.values("pk"))


class ReleaseState(models.TextChoices):
    """What became of a refused message."""

    KEPT = "kept", "已隔离"
    ASKED = "asked", "放行中"
    RELEASED = "released", "已放行"
    REFUSED = "refused", "放行未成"


class _Rows(models.QuerySet[Any]):
    """Rows of a table outside the schema `public`."""

    def select_for_update(  # type: ignore[override]
        self, nowait: bool = False, skip_locked: bool = False, of: tuple[str, ...] = (), no_key: bool = False
    ) -> "models.QuerySet[Any]":
        """FOR UPDATE OF knows no schema, and there is only this one table to lock."""
        return super().select_for_update(nowait=nowait, skip_locked=skip_locked, no_key=no_key)


class Quarantine(ScopedModel):
    """One refused message with its bytes. `device` is 0 when no registered device answers for it."""

    id = models.BigAutoField("编号", primary_key=True)
    received_at = models.DateTimeField("接收时间")
    listener = models.CharField("接入方式", max_length=20)
    device = models.ForeignKey(
        Device,
        models.DO_NOTHING,
        null=True,
        db_column="device",
        db_constraint=False,
        related_name="+",
        verbose_name="设备",
    )
    device_code = models.CharField("自称编码", max_length=60)
    peer = models.CharField("来源地址", max_length=60)
    reason = models.CharField("拒收原因", max_length=30, choices=[(r.value, t[0]) for r, t in TITLES.items()])
    detail = models.CharField("说明", max_length=200)
    raw = models.BinaryField("原始字节", editable=False)
    state = models.CharField("处理", max_length=10, choices=ReleaseState.choices, default=ReleaseState.KEPT)
    asked_at = models.DateTimeField("申请放行", null=True)
    asked_by = models.CharField("申请人", max_length=80)
    asked_reason = models.CharField("放行理由", max_length=300)
    done_at = models.DateTimeField("处理时间", null=True)
    outcome = models.CharField("处理结果", max_length=300)

    scope = QuarantineScope(region="region_code")

    _machinery: ClassVar[models.Manager[Any]] = _Rows.as_manager()

    class Meta(ScopedModel.Meta):
        abstract = False
        base_manager_name = "_machinery"
        managed = False
        db_table = '"fast"."quarantine"'
        verbose_name = "隔离报文"
        verbose_name_plural = "隔离报文"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_reason_display()} {self.device_code}".strip()

    @property
    def bytes(self) -> bytes:
        """The message as it came, at most `KEPT_RAW` bytes of it."""
        return bytes(self.raw)

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning was kept."""
        return len(self.raw) >= KEPT_RAW

    @property
    def region_code(self) -> str:
        """Where its device stands; "" for a message of no registered device."""
        return self.device.region_code if self.device_id and self.device else ""


class WaitingState(models.TextChoices):
    """What becomes of a device that presented itself."""

    WAITING = "waiting", "待处理"
    ADOPTED = "adopted", "已登记"
    IGNORED = "ignored", "已忽略"


class Waiting(ScopedModel):
    """A device that is not registered and presents itself at a door. Nobody knows yet whose it is: who may see the list sees all."""

    id = models.BigAutoField("编号", primary_key=True)
    code = models.CharField("自称编码", max_length=40)
    listener = models.CharField("接入方式", max_length=20)
    peer = models.CharField("来源地址", max_length=60)
    first_seen = models.DateTimeField("首次出现")
    last_seen = models.DateTimeField("最近出现")
    samples = ArrayField(models.BinaryField(), verbose_name="报文样本", editable=False)
    state = models.CharField(
        "处理", max_length=10, choices=WaitingState.choices, default=WaitingState.WAITING
    )
    device = models.ForeignKey(
        Device,
        models.DO_NOTHING,
        null=True,
        db_column="device",
        db_constraint=False,
        related_name="+",
        verbose_name="登记为",
    )
    done_at = models.DateTimeField("处理时间", null=True)
    done_by = models.CharField("处理人", max_length=80)
    note = models.CharField("说明", max_length=300)

    scope = Scope(public=True)

    _machinery: ClassVar[models.Manager[Any]] = _Rows.as_manager()

    class Meta(ScopedModel.Meta):
        abstract = False
        base_manager_name = "_machinery"
        managed = False
        db_table = '"fast"."waiting"'
        verbose_name = "待接入设备"
        verbose_name_plural = "待接入设备"
        ordering = ("-last_seen",)

    def __str__(self) -> str:
        return self.code


#: kinds of events in our words (the codec's `Kind`)
EVENT_KINDS = [
    ("motion", "移动侦测"),
    ("intrusion", "周界入侵"),
    ("line_crossing", "越界"),
    ("region_entered", "进入区域"),
    ("region_left", "离开区域"),
    ("loitering", "徘徊"),
    ("no_helmet", "未戴安全帽"),
    ("no_vest", "未穿反光衣"),
    ("no_safety_rope", "未系安全绳"),
    ("fire", "明火"),
    ("smoke", "烟雾"),
    ("smoking", "抽烟"),
    ("bare_soil", "裸土未覆盖"),
    ("night_work", "夜间施工"),
    ("vehicle", "车辆"),
    ("plate", "车牌识别"),
    ("access", "门禁通行"),
    ("face", "人脸识别"),
    ("alarm_input", "报警输入"),
    ("video_loss", "视频丢失"),
    ("tamper", "视频遮挡"),
    ("storage_fault", "存储故障"),
    ("other", "其他"),
]


class Event(ScopedModel):
    """One event of a camera or a gate. It may show people: seen by who is responsible for the site, not by suppliers."""

    id = models.BigAutoField("编号", primary_key=True)
    device = models.ForeignKey(
        Device,
        models.DO_NOTHING,
        db_column="device",
        db_constraint=False,
        related_name="+",
        verbose_name="设备",
    )
    at = models.DateTimeField("发生时间")
    received_at = models.DateTimeField("接收时间")
    maker = models.CharField(
        "来源", max_length=20, choices=[("hikvision", "海康"), ("dahua", "大华"), ("plain", "通用")]
    )
    kind = models.CharField("事件", max_length=20, choices=EVENT_KINDS)
    code = models.CharField("厂家事件名", max_length=100)
    channel = models.IntegerField("通道")
    state = models.CharField("状态", max_length=20)
    description = models.CharField("说明", max_length=500)
    serial = models.CharField("设备流水号", max_length=100)
    is_replay = models.BooleanField("补传")
    region = models.JSONField("区域", editable=False)
    person = models.CharField("人员编号", max_length=40)
    person_name = models.CharField("姓名", max_length=40)
    card = models.CharField("卡号", max_length=40)
    direction = models.CharField("方向", max_length=10, choices=[("in", "进"), ("out", "出")])
    means = models.CharField("验证方式", max_length=40)
    accepted = models.BooleanField("放行", null=True)
    door = models.IntegerField("门")
    plate = models.CharField("车牌", max_length=20)
    plate_colour = models.CharField("车牌颜色", max_length=20)
    pictures = models.JSONField("图片", editable=False)

    scope = Scope(
        region="device__region_code",
        project="device__site__project_id",
        organisation="device__site__project__parties__organisation_id",
    )

    class Meta(ScopedModel.Meta):
        abstract = False
        managed = False
        db_table = '"telemetry"."event"'
        verbose_name = "设备事件"
        verbose_name_plural = "设备事件"
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {timezone.localtime(self.at):%m-%d %H:%M:%S}"

    @property
    def picture_count(self) -> int:
        """How many pictures came with it."""
        return len(self.pictures)
