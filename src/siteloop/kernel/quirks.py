"""Quirks: departures from HJ 212 that devices in the field really send (standards.md 1.8), each allowed per device.

Strict by default: a frame that departs is refused with the quirk's name, so that the operator can allow it to this one
device. Departures that cannot change what is read are taken from everybody: lower-case CRC, `**` or nothing after the
CRC, several frames in one segment, `;` before the closing `&&`, `,` between factors, repeated keys (the first counts),
vendor MN, odd or missing QN, DataTime with milliseconds, `Flag=N` as an item of its own (it marks the factor before it).
"""

import ipaddress
from collections.abc import Iterable
from enum import StrEnum


class Quirk(StrEnum):
    """The value is what `DeviceEntry.quirks` holds."""

    UNPADDED_LENGTH = "unpadded_length"
    LENGTH_OFF = "length_off"
    SHORT_CRC = "short_crc"
    OPEN_AREA = "open_area"
    LONG_SEGMENT = "long_segment"
    ANY_CASE = "any_case"
    LEADING_TEXT = "leading_text"
    DEAD_ZERO = "dead_zero"
    PLAIN_ALLOWED = "plain_allowed"
    REALTIME_HISTORY = "realtime_history"
    # cranes (protocols.lifting): whose table decides bits on which the vendors disagree
    LIMIT_BITS_TCSM = "limit_bits_tcsm"
    LIMIT_BITS_GOYO = "limit_bits_goyo"
    SENSOR_BIT_IS_FAULT = "sensor_bit_is_fault"
    # cameras and gates (protocols.events)
    UNVERIFIED_EVENT_TYPES = "unverified_event_types"
    DAHUA_UTC_IS_LOCAL = "dahua_utc_is_local"
    # weighbridges (protocols.weighbridge): what the display of a continuous indicator is set to
    SHOWS_NET = "shows_net"


TITLES: dict[Quirk, tuple[str, str]] = {
    Quirk.UNPADDED_LENGTH: ("长度不补零（如 ##239）", "length without leading zeros (##239)"),
    Quirk.LENGTH_OFF: (
        "长度多计包头、包尾或差一二",
        "length counts the header or the tail, or is off by one or two",
    ),
    Quirk.SHORT_CRC: ("CRC 不补零（如 18c）", "CRC without leading zeros (18c)"),
    Quirk.OPEN_AREA: ("数据区缺少结尾 &&", "closing && is missing"),
    Quirk.LONG_SEGMENT: ("数据段超过 1024 字节未分包", "unsplit data segment beyond 1,024 bytes"),
    Quirk.ANY_CASE: ("字段名大小写不符", "field names in the wrong case"),
    Quirk.LEADING_TEXT: ("包头前有其他字符", "text in front of the frame header"),
    Quirk.DEAD_ZERO: ("全零数据视为故障", "all values zero mean a dead sensor"),
    Quirk.PLAIN_ALLOWED: ("已配密钥仍允许明文", "plain text allowed although a key is set"),
    Quirk.REALTIME_HISTORY: ("用 2011 补传实时数据", "hands in real-time history by 2011"),
    Quirk.LIMIT_BITS_TCSM: (
        "塔机限位位 13 为风速报警、15 为锁机",
        "crane limit bit 13 is wind alarm, 15 is locked",
    ),
    Quirk.LIMIT_BITS_GOYO: ("塔机限位位 15 为风速报警", "crane limit bit 15 is wind alarm"),
    Quirk.SENSOR_BIT_IS_FAULT: ("塔机传感器位为 1 表示故障", "a set sensor bit of a crane means a fault"),
    Quirk.UNVERIFIED_EVENT_TYPES: ("采用未核实的事件类型对照", "event types known from memory only count"),
    Quirk.SHOWS_NET: ("地磅仪表显示净重（默认毛重）", "the weighbridge shows net weight (gross by default)"),
    Quirk.DAHUA_UTC_IS_LOCAL: ("大华事件 UTC 实为本地时间", "UTC of Dahua events is local time"),
}

#: "sentinel:-999": one more number that stands for "no value" on this device
SENTINEL = "sentinel:"
#: "address:10.20.3.4": a device that names itself by no MN is known by the address it comes from
ADDRESS = "address:"


def sentinels(quirks: Iterable[str]) -> frozenset[float]:
    """The device's own numbers for "no value". Raises ValueError for a setting that is no number."""
    return frozenset(float(q[len(SENTINEL) :]) for q in quirks if q.startswith(SENTINEL))


def is_nameless(mn: str) -> bool:
    """Whether a frame's MN is one of those that devices send which were never given any."""
    return mn.strip().lower() in ("", "null")


def address_of(peer: str) -> str:
    """The setting under which a nameless device at `host:port` is known."""
    return ADDRESS + peer.rpartition(":")[0].strip("[]")


def missing(departures: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Departures the device may not make, in the words of the refusal."""
    return [str(d) for d in departures if d not in set(allowed)]


def check(quirks: Iterable[str]) -> None:
    """Raises ValueError with a sentence for a setting nobody knows."""
    known = {str(q) for q in Quirk}
    for quirk in quirks:
        if quirk.startswith(ADDRESS):
            try:
                ipaddress.ip_address(quirk[len(ADDRESS) :])
            except ValueError as wrong:
                raise ValueError(f"“{quirk}”应写作 address:IP 地址，如 address:10.20.3.4") from wrong
        elif quirk.startswith(SENTINEL):
            try:
                sentinels([quirk])
            except ValueError as wrong:
                raise ValueError(f"“{quirk}”应写作 sentinel:数值，如 sentinel:-999") from wrong
        elif quirk not in known:
            raise ValueError(f"未知的协议兼容设置：{quirk}")
