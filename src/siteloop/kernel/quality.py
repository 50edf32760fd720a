"""Quality of one value: the HJ 212 value flag as the device sent it, or our own verdict on it.

Four bits a value, so that a row's flags pack into one 64-bit integer (at most 15 fields a profile).
Only NORMAL values enter means, limits and evidence. HJ 212-2017 6.6.3 (flags N F M S D C T B).
"""

from enum import IntEnum


class Quality(IntEnum):
    """Flag of one value. 0..8 come from the device, 9..15 are our own verdicts."""

    NORMAL = 0  # N
    STOPPED = 1  # F
    MAINTENANCE = 2  # M
    MANUAL = 3  # S, typed in by a person
    FAULT = 4  # D
    CALIBRATION = 5  # C
    OVER_RANGE = 6  # T
    COMMUNICATION = 7  # B
    UNKNOWN_FLAG = 8  # a flag letter the standard does not know
    OUT_OF_PHYSICS = 9  # outside what the quantity can be
    NO_VALUE = 10  # the type's maximum, sent in place of a value (HJ 212-2025 8.1.1 d)
    SUSPECT = 14  # a truth check doubts it
    ABSENT = 15  # the frame did not carry this field


#: HJ 212 flag letter (upper case) -> Quality
FLAG_LETTERS: dict[str, Quality] = {
    "N": Quality.NORMAL,
    "F": Quality.STOPPED,
    "M": Quality.MAINTENANCE,
    "S": Quality.MANUAL,
    "D": Quality.FAULT,
    "C": Quality.CALIBRATION,
    "T": Quality.OVER_RANGE,
    "B": Quality.COMMUNICATION,
}

TITLES: dict[Quality, tuple[str, str]] = {
    Quality.NORMAL: ("正常", "normal"),
    Quality.STOPPED: ("停运", "stopped"),
    Quality.MAINTENANCE: ("维护", "maintenance"),
    Quality.MANUAL: ("手工输入", "typed in"),
    Quality.FAULT: ("故障", "fault"),
    Quality.CALIBRATION: ("校准", "calibration"),
    Quality.OVER_RANGE: ("超量程", "over range"),
    Quality.COMMUNICATION: ("通讯异常", "communication fault"),
    Quality.UNKNOWN_FLAG: ("未知标记", "unknown flag"),
    Quality.OUT_OF_PHYSICS: ("超出物理范围", "out of physics"),
    Quality.NO_VALUE: ("无有效值", "no value"),
    Quality.SUSPECT: ("存疑", "suspect"),
    Quality.ABSENT: ("未上传", "absent"),
}


def unpack(packed: int, fields: int) -> list[Quality]:
    """The flags of one stored row, field 0 in the lowest four bits."""
    return [Quality((packed >> (4 * i)) & 0xF) for i in range(fields)]
