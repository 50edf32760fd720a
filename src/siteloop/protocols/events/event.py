"""One event of a camera or a gate, whoever made it."""

import hashlib
from enum import StrEnum

import msgspec

from siteloop.kernel.reasons import Reason


class Kind(StrEnum):
    """What happened, in our words; `kinds.toml` maps the makers' words to these."""

    MOTION = "motion"
    INTRUSION = "intrusion"
    LINE_CROSSING = "line_crossing"
    REGION_ENTERED = "region_entered"
    REGION_LEFT = "region_left"
    LOITERING = "loitering"
    NO_HELMET = "no_helmet"
    NO_VEST = "no_vest"
    NO_SAFETY_ROPE = "no_safety_rope"
    FIRE = "fire"
    SMOKE = "smoke"
    SMOKING = "smoking"
    BARE_SOIL = "bare_soil"
    NIGHT_WORK = "night_work"
    VEHICLE = "vehicle"
    PLATE = "plate"
    ACCESS = "access"
    FACE = "face"
    ALARM_INPUT = "alarm_input"
    VIDEO_LOSS = "video_loss"
    TAMPER = "tamper"
    STORAGE_FAULT = "storage_fault"
    HEARTBEAT = "heartbeat"
    OTHER = "other"


TITLES: dict[Kind, tuple[str, str]] = {
    Kind.MOTION: ("移动侦测", "motion"),
    Kind.INTRUSION: ("周界入侵", "intrusion"),
    Kind.LINE_CROSSING: ("越界", "line crossing"),
    Kind.REGION_ENTERED: ("进入区域", "region entered"),
    Kind.REGION_LEFT: ("离开区域", "region left"),
    Kind.LOITERING: ("徘徊", "loitering"),
    Kind.NO_HELMET: ("未戴安全帽", "no helmet"),
    Kind.NO_VEST: ("未穿反光衣", "no reflective vest"),
    Kind.NO_SAFETY_ROPE: ("未系安全绳", "no safety rope"),
    Kind.FIRE: ("明火", "fire"),
    Kind.SMOKE: ("烟雾", "smoke"),
    Kind.SMOKING: ("抽烟", "smoking"),
    Kind.BARE_SOIL: ("裸土未覆盖", "bare soil"),
    Kind.NIGHT_WORK: ("夜间施工", "night work"),
    Kind.VEHICLE: ("车辆", "vehicle"),
    Kind.PLATE: ("车牌识别", "licence plate"),
    Kind.ACCESS: ("门禁通行", "access"),
    Kind.FACE: ("人脸识别", "face"),
    Kind.ALARM_INPUT: ("报警输入", "alarm input"),
    Kind.VIDEO_LOSS: ("视频丢失", "video loss"),
    Kind.TAMPER: ("视频遮挡", "tamper"),
    Kind.STORAGE_FAULT: ("存储故障", "storage fault"),
    Kind.HEARTBEAT: ("心跳", "heartbeat"),
    Kind.OTHER: ("其他", "other"),
}


class Picture(msgspec.Struct, frozen=True):
    """A picture that came with an event; `sha256` is its hash as it arrived."""

    content_type: str
    data: bytes
    sha256: str
    name: str = ""


def picture(content_type: str, data: bytes, name: str = "") -> Picture:
    """A picture with its hash."""
    return Picture(content_type, data, hashlib.sha256(data).hexdigest(), name)


class Passage(msgspec.Struct, frozen=True):
    """What a gate says of a passage; texts are as the gate sends them, "" where it says nothing. A person's data."""

    person: str = ""  # the number the person has on the gate
    name: str = ""
    card: str = ""
    direction: str = ""  # in | out
    means: str = ""  # face, card, …, in the maker's word
    accepted: bool | None = None  # None = the gate's code is not known
    door: int = 0


class Plate(msgspec.Struct, frozen=True):
    """What a camera read off a vehicle."""

    number: str
    colour: str = ""
    direction: str = ""
    confidence: float | None = None  # percent
    lane: int = 0
    vehicle: str = ""


class Event(msgspec.Struct, frozen=True):
    """One event. `region` are polygons in parts of the picture's width and height, 0 to 1."""

    at: int  # µs
    maker: str  # hikvision | dahua | plain
    kind: Kind
    code: str  # the maker's own word
    device: str = ""  # what the device calls itself: serial number, device id, else MAC, else address
    channel: int = 0
    state: str = ""  # active | inactive | pulse
    description: str = ""
    serial: str = ""  # the device's number of this event, for finding repeats
    is_replay: bool = False  # handed in later
    region: tuple[tuple[tuple[float, float], ...], ...] = ()
    passage: Passage | None = None
    plate: Plate | None = None
    pictures: tuple[Picture, ...] = ()


class NoEvent(ValueError):
    """The text is no event we can read."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
