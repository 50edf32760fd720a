"""Why a message was refused. One vocabulary for every listener, the ledger and the quarantine page."""

from enum import StrEnum


class Reason(StrEnum):
    """Reject reasons; the value is what the ledger and the API show."""

    LENGTH = "wrong_length"
    CRC = "bad_crc"
    MALFORMED = "malformed"
    UNKNOWN_DEVICE = "unknown_device"
    PASSWORD = "wrong_password"  # noqa: S105 - a reason code, not a secret
    WRONG_TYPE = "wrong_type"
    NO_VALUES = "no_values"
    FUTURE = "in_the_future"
    TOO_OLD = "too_old"
    DUPLICATE = "duplicate"
    DISABLED = "device_disabled"
    UNSUPPORTED = "unsupported"
    DAMAGED_BLOCK = "damaged_block"  # a whole block on the bus that could not be read or stored


TITLES: dict[Reason, tuple[str, str]] = {
    Reason.LENGTH: ("长度不符", "wrong length"),
    Reason.CRC: ("CRC 校验错误", "bad CRC"),
    Reason.MALFORMED: ("格式错误", "malformed"),
    Reason.UNKNOWN_DEVICE: ("未登记设备", "unknown device"),
    Reason.PASSWORD: ("访问密码错误", "wrong password"),
    Reason.WRONG_TYPE: ("数据类型错误", "wrong type"),
    Reason.NO_VALUES: ("无监测值", "no values"),
    Reason.FUTURE: ("时间在未来", "in the future"),
    Reason.TOO_OLD: ("时间过旧", "too old"),
    Reason.DUPLICATE: ("重复报文", "duplicate"),
    Reason.DISABLED: ("设备已停用", "device disabled"),
    Reason.UNSUPPORTED: ("不支持的命令", "unsupported"),
    Reason.DAMAGED_BLOCK: ("数据块损坏", "damaged block"),
}
