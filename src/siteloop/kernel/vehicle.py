"""What the bits of a vehicle terminal mean (JT/T 808 location report, alarm and status words; standards.md 8).

The words are stored in halves: `alarm_low`, `alarm_high`, `status_low`, `status_high` of the profile `vehicle`.
"""

from collections.abc import Mapping

#: alarm bit -> (Chinese, English)
ALARMS: Mapping[int, tuple[str, str]] = {
    0: ("紧急报警", "emergency"),
    1: ("超速", "speeding"),
    2: ("疲劳驾驶", "fatigue"),
    3: ("危险预警", "danger"),
    4: ("卫星定位模块故障", "GNSS fault"),
    5: ("天线未接或被剪断", "antenna cut"),
    6: ("天线短路", "antenna short"),
    7: ("主电源欠压", "under-voltage"),
    8: ("主电源掉电", "power off"),
    9: ("显示器故障", "display fault"),
    10: ("语音模块故障", "speech fault"),
    11: ("摄像头故障", "camera fault"),
    12: ("IC 卡模块故障", "IC card fault"),
    13: ("超速预警", "speeding warning"),
    14: ("疲劳驾驶预警", "fatigue warning"),
    15: ("违规行驶", "illegal driving"),
    16: ("胎压预警", "tyre pressure"),
    17: ("右转盲区异常", "blind zone"),
    18: ("当天累计驾驶超时", "daily driving overtime"),
    19: ("超时停车", "parking overtime"),
    20: ("进出区域", "area entered or left"),
    21: ("进出路线", "route entered or left"),
    22: ("路段行驶时间不足或过长", "section time"),
    23: ("路线偏离", "off route"),
    24: ("车辆 VSS 故障", "VSS fault"),
    25: ("油量异常", "fuel abnormal"),
    26: ("车辆被盗", "stolen"),
    27: ("非法点火", "illegal ignition"),
    28: ("非法位移", "illegal displacement"),
    29: ("碰撞侧翻", "collision or rollover"),
    30: ("侧翻预警", "rollover warning"),
    31: ("非法开门", "illegal door opening"),
}
#: bits on which the sources disagree or that stand on memory alone: not for rules before they are checked
UNSURE_ALARMS = frozenset({15, 16, 17, 29, 31})

STATES: Mapping[int, tuple[str, str]] = {
    0: ("ACC 开", "ignition on"),
    1: ("已定位", "fixed"),
    2: ("南纬", "south"),
    3: ("西经", "west"),
    4: ("停运", "out of service"),
    5: ("经纬度已加密", "position encrypted"),
    10: ("油路断开", "oil cut"),
    11: ("电路断开", "circuit cut"),
    12: ("车门加锁", "door locked"),
    13: ("门 1 开", "door 1 open"),
    14: ("门 2 开", "door 2 open"),
    15: ("门 3 开", "door 3 open"),
    16: ("门 4 开", "door 4 open"),
    17: ("门 5 开", "door 5 open"),
    18: ("使用 GPS", "GPS"),
    19: ("使用北斗", "BeiDou"),
    20: ("使用 GLONASS", "GLONASS"),
    21: ("使用 Galileo", "Galileo"),
    22: ("行驶中", "moving"),
}


def whole(low: float, high: float) -> int:
    """A 32-bit word from its stored halves."""
    return int(low) | int(high) << 16


def names(word: int, meaning: Mapping[int, tuple[str, str]]) -> list[tuple[str, str]]:
    """Titles of the bits set in a word, lowest first."""
    return [title for bit, title in meaning.items() if word >> bit & 1]
