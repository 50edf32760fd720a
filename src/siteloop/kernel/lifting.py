"""What the bits of crane and hoist readings mean, the same for every vendor; codecs translate their vendor's words into these.

Crane warnings and alarms follow the table two code bases agree on (standards.md 2.3 (a) [S2]); bits 5-7 of it are free and
hold the vendor words that do not say a direction. Bit numbers are stored and never change.
"""

from enum import IntEnum
from typing import TypeVar

B = TypeVar("B", bound=IntEnum)


class CraneAlarm(IntEnum):
    """Bits of `warning_bits` and `alarm_bits` of a tower crane."""

    WIND = 0
    OVERLOAD = 1
    COLLISION = 2
    MOMENT = 3
    TILT = 4
    RADIUS_LIMIT = 5
    HEIGHT_LIMIT = 6
    SLEWING_LIMIT = 7
    CRANE_FRONT = 8
    CRANE_BACK = 9
    CRANE_LEFT = 10
    CRANE_RIGHT = 11
    ZONE_FRONT = 12
    ZONE_BACK = 13
    ZONE_LEFT = 14
    ZONE_RIGHT = 15
    UP_LIMIT = 16
    DOWN_LIMIT = 17
    OUTER_LIMIT = 18
    INNER_LIMIT = 19
    LEFT_LIMIT = 20
    RIGHT_LIMIT = 21


class CraneLimit(IntEnum):
    """Bits of `limit_bits` of a tower crane: what the limiter holds back now."""

    LEFT = 0
    LEFT_SLOW = 1
    RIGHT = 2
    RIGHT_SLOW = 3
    UP_SLOW = 4
    UP = 5
    DOWN = 6
    DOWN_SLOW = 7
    OUTER_SLOW = 8
    OUTER = 9
    INNER = 10
    INNER_SLOW = 11
    WIND_WARNING = 12
    WIND_ALARM = 13
    LOCKED = 14


class CraneSensor(IntEnum):
    """Bits of `sensor_bits` of a tower crane."""

    LOAD = 0
    HEIGHT = 1
    SLEWING = 2
    RADIUS = 3
    WIND = 4
    TILT = 5


class HoistAlarm(IntEnum):
    """Bits of `warning_bits` and `alarm_bits` of a hoist."""

    OVERLOAD = 0
    TOP_LIMIT = 1
    BOTTOM_LIMIT = 2
    DOOR = 3
    WIND = 4
    PERSONS = 5
    OVERSPEED = 6
    TILT = 7
    SAFETY_DEVICE = 8
    FRONT_DOOR_LOCK = 9
    BACK_DOOR_LOCK = 10
    HEIGHT_LIMIT = 11


class HoistState(IntEnum):
    """Bits of `state_bits` of a hoist."""

    FRONT_DOOR_OPEN = 0
    BACK_DOOR_OPEN = 1
    TOP_DOOR_OPEN = 2
    DRIVER_VERIFIED = 3
    SAFETY_DEVICE_TRIPPED = 4


CRANE_ALARMS: dict[CraneAlarm, tuple[str, str]] = {
    CraneAlarm.WIND: ("风速", "wind"),
    CraneAlarm.OVERLOAD: ("超重", "overload"),
    CraneAlarm.COLLISION: ("碰撞", "collision"),
    CraneAlarm.MOMENT: ("力矩", "moment"),
    CraneAlarm.TILT: ("倾斜", "tilt"),
    CraneAlarm.RADIUS_LIMIT: ("幅度限位", "radius limit"),
    CraneAlarm.HEIGHT_LIMIT: ("高度限位", "height limit"),
    CraneAlarm.SLEWING_LIMIT: ("回转限位", "slewing limit"),
    CraneAlarm.CRANE_FRONT: ("多机防碰撞 前", "other crane, front"),
    CraneAlarm.CRANE_BACK: ("多机防碰撞 后", "other crane, back"),
    CraneAlarm.CRANE_LEFT: ("多机防碰撞 左", "other crane, left"),
    CraneAlarm.CRANE_RIGHT: ("多机防碰撞 右", "other crane, right"),
    CraneAlarm.ZONE_FRONT: ("禁行区 前", "forbidden zone, front"),
    CraneAlarm.ZONE_BACK: ("禁行区 后", "forbidden zone, back"),
    CraneAlarm.ZONE_LEFT: ("禁行区 左", "forbidden zone, left"),
    CraneAlarm.ZONE_RIGHT: ("禁行区 右", "forbidden zone, right"),
    CraneAlarm.UP_LIMIT: ("上限位", "up limit"),
    CraneAlarm.DOWN_LIMIT: ("下限位", "down limit"),
    CraneAlarm.OUTER_LIMIT: ("外限位", "outer limit"),
    CraneAlarm.INNER_LIMIT: ("内限位", "inner limit"),
    CraneAlarm.LEFT_LIMIT: ("左限位", "left limit"),
    CraneAlarm.RIGHT_LIMIT: ("右限位", "right limit"),
}

CRANE_LIMITS: dict[CraneLimit, tuple[str, str]] = {
    CraneLimit.LEFT: ("左限位", "left limit"),
    CraneLimit.LEFT_SLOW: ("左减速", "left slow-down"),
    CraneLimit.RIGHT: ("右限位", "right limit"),
    CraneLimit.RIGHT_SLOW: ("右减速", "right slow-down"),
    CraneLimit.UP_SLOW: ("上减速", "up slow-down"),
    CraneLimit.UP: ("上限位", "up limit"),
    CraneLimit.DOWN: ("下限位", "down limit"),
    CraneLimit.DOWN_SLOW: ("下换速", "down speed change"),
    CraneLimit.OUTER_SLOW: ("外减速", "outer slow-down"),
    CraneLimit.OUTER: ("外限位", "outer limit"),
    CraneLimit.INNER: ("内限位", "inner limit"),
    CraneLimit.INNER_SLOW: ("内换速", "inner speed change"),
    CraneLimit.WIND_WARNING: ("风速预警限动", "wind warning"),
    CraneLimit.WIND_ALARM: ("风速报警限动", "wind alarm"),
    CraneLimit.LOCKED: ("锁机", "locked"),
}

CRANE_SENSORS: dict[CraneSensor, tuple[str, str]] = {
    CraneSensor.LOAD: ("重量传感器", "load cell"),
    CraneSensor.HEIGHT: ("高度传感器", "height sensor"),
    CraneSensor.SLEWING: ("回转传感器", "slewing sensor"),
    CraneSensor.RADIUS: ("幅度传感器", "radius sensor"),
    CraneSensor.WIND: ("风速仪", "anemometer"),
    CraneSensor.TILT: ("倾角传感器", "tilt sensor"),
}

HOIST_ALARMS: dict[HoistAlarm, tuple[str, str]] = {
    HoistAlarm.OVERLOAD: ("超重", "overload"),
    HoistAlarm.TOP_LIMIT: ("冲顶", "top limit"),
    HoistAlarm.BOTTOM_LIMIT: ("蹲底", "bottom limit"),
    HoistAlarm.DOOR: ("门未关", "door open"),
    HoistAlarm.WIND: ("风速", "wind"),
    HoistAlarm.PERSONS: ("超员", "too many persons"),
    HoistAlarm.OVERSPEED: ("超速", "overspeed"),
    HoistAlarm.TILT: ("倾斜", "tilt"),
    HoistAlarm.SAFETY_DEVICE: ("防坠安全器", "safety device"),
    HoistAlarm.FRONT_DOOR_LOCK: ("前门锁异常", "front door lock"),
    HoistAlarm.BACK_DOOR_LOCK: ("后门锁异常", "back door lock"),
    HoistAlarm.HEIGHT_LIMIT: ("高度限位", "height limit"),
}

HOIST_STATES: dict[HoistState, tuple[str, str]] = {
    HoistState.FRONT_DOOR_OPEN: ("前门开", "front door open"),
    HoistState.BACK_DOOR_OPEN: ("后门开", "back door open"),
    HoistState.TOP_DOOR_OPEN: ("天窗开", "top door open"),
    HoistState.DRIVER_VERIFIED: ("司机已认证", "driver verified"),
    HoistState.SAFETY_DEVICE_TRIPPED: ("防坠安全器动作", "safety device tripped"),
}


def mask(*bits: IntEnum) -> int:
    """The word with these bits set."""
    word = 0
    for bit in bits:
        word |= 1 << bit
    return word


def set_bits(word: float, kind: type[B]) -> list[B]:
    """The bits of a word that are set, lowest first; a number that is no set of bits has none."""
    if not 0 <= word < 1 << 32 or word != int(word):
        return []
    return [bit for bit in kind if int(word) >> bit & 1]
