"""What a rule judges, in a sentence, and its parameters by name with unit. The kinds are those of the judge's detectors."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from siteloop.foundation.packs.models import PackRule
from siteloop.foundation.packs.wording import ENGLISH, PARAMETERS
from siteloop.framework.language import pick
from siteloop.kernel.profiles import PROFILES, Field


@dataclass(frozen=True)
class Kind:
    """One way of judging, as people call it."""

    title: str
    title_en: str
    words: str
    words_en: str


KINDS = {
    "threshold": Kind(
        "限值", "Limit",
        "监测值越过限值并持续到规定时间即预警；回到恢复值并持续到规定时间为恢复。",
        "A value past its limit for the hold time raises a warning; back at the recovery value it ends.",
    ),
    "linked_threshold": Kind(
        "联动限值", "Linked limit",
        "监测值越过限值即预警，预警中附喷淋联动的证据（何时下令、设备是否回报运行）。",
        "A value past its limit raises a warning that carries the proof of the spray it started.",
    ),
    "spray_linkage": Kind(
        "喷淋联动", "Spray linkage",
        "监测值越过限值时开启联动的喷淋设备，以设备自身回报证明；冰冻、降雨、时段外和人工操作后不自动启动。",
        "Past the limit the linked sprayers are opened, proven by their own report; frost, rain, hours and a hand on the sprayer hold it back.",
    ),
    "window_mean": Kind(
        "时段均值", "Mean of a window",
        "取窗口内有效值的平均（噪声为等效声级），有效值比例足够时与限值比较。",
        "The mean of the valid values in a window (energy mean for noise) against the limit.",
    ),
    "absence": Kind(
        "数据中断", "No data",
        "在建工地的设备超过规定的上报间隔或时间没有数据即预警，收到新数据为恢复。",
        "A device of an active site that says nothing for longer than allowed.",
    ),
    "silent_at_work": Kind(
        "施工中失联", "Silent at work",
        "设备没有数据，而同一工地其他设备仍在上报，说明不是工地停电断网。",
        "A device is silent while another one of its site still talks.",
    ),
    "flat_line": Kind(
        "数值不变", "Flat line",
        "有效值在规定时间内完全不变，真实空气不会如此（探头失效或固定数据）。",
        "The same valid value for hours, which no real air does.",
    ),
    "rate": Kind(
        "突变", "Jump",
        "相邻两次有效值之间每分钟的变化超过限值。",
        "The change a minute between two consecutive valid values is past the limit.",
    ),
    "out_of_physics": Kind(
        "超出物理范围", "Out of physics",
        "连续多条数据的数值超出该物理量可能的范围（探头损坏、单位或接线错误）。",
        "Values no such quantity can have, again and again.",
    ),
    "twin_streams": Kind(
        "数据雷同", "Twin streams",
        "一台设备最近的多条数据与另一台逐值相同，两地的空气不会一样。",
        "The last rows of one device are, value for value, those of another.",
    ),
    "position_moved": Kind(
        "位置偏离", "Position moved",
        "设备自报的位置远离登记的安装点。",
        "A device says it stands far from its registered point.",
    ),
    "clock_drift": Kind(
        "时钟偏差", "Clock drift",
        "设备时间与平台接收时间持续相差超过允许值；补传的旧数据不算。",
        "A device's time runs steadily beside ours; a backlog handed in late is none.",
    ),
    "beside_neighbours": Kind(
        "偏离邻近点", "Beside neighbours",
        "一个窗口的均值连续多次远离周边设备的中位数。",
        "The mean of a window stands far from the median of the devices around it.",
    ),
    "spray_effect": Kind(
        "喷淋无效果", "Spray without effect",
        "喷淋设备回报运行，而旁边的监测值在见效时限内没有下降，两者必有一假。",
        "Water runs, says the sprayer, and the dust beside it does not fall.",
    ),
    "history_gap": Kind(
        "补传索取", "History request",
        "数据之间有缺口时，向在线设备索取历史数据（补传），不产生预警。",
        "Rows are missing between two that came, so the device is asked to hand them in; no warning.",
    ),
}  # fmt: skip
WORDS = {
    "above": ("高于", "above"),
    "below": ("低于", "below"),
    "low": ("偏低", "low"),
    "high": ("偏高", "high"),
    "both": ("两侧", "both"),
    "always": ("全天", "always"),
    "working_hours": ("作业时间内", "in working hours"),
    "device": ("设备时间", "device time"),
    "received": ("接收时间", "time of receipt"),
    "minute": ("分钟均值", "minute means"),
    "realtime": ("实时数据", "real-time rows"),
}
UNITS = {"frost_c": "℃", "rain_humidity": "%", "radius_m": "m", "oldest_days": "d"}


@dataclass(frozen=True)
class Fact:
    """One parameter as people read it."""

    name: str
    title: str
    text: str


def kind(row: PackRule) -> tuple[str, str]:
    """(what kind of rule, how it judges) in the active language; a kind nobody described shows its name."""
    known = KINDS.get(row.detector)
    if known is None:
        return row.detector, ""
    return pick(known.title, known.title_en), pick(known.words, known.words_en)


def quantity(row: PackRule) -> Field | None:
    """The judged quantity, None for a rule about the device itself."""
    profile = PROFILES.get(str(row.params.get("profile", "dust")))
    name = row.params.get("field")
    return next((f for f in profile.fields if f.name == name), None) if profile is not None else None


def title(name: str) -> str:
    """A parameter's name, without its unit."""
    return pick(PARAMETERS.get(name, name).partition("(")[0], ENGLISH.get(name, ""))


def unit(row: PackRule, name: str) -> str:
    """Unit of a number of a rule; "" for a bare number. Seconds are seconds."""
    if name.endswith("_s"):
        return pick("秒", "s")
    if name.endswith("_minute"):
        return pick("分（自零时）", "min after midnight")
    if name in UNITS:
        return UNITS[name]
    judged = quantity(row)
    if judged is None or name not in ("on", "off", "absolute"):
        return ""
    return f"{judged.unit}/min" if row.detector == "rate" else judged.unit


def facts(row: PackRule) -> list[Fact]:
    """Every parameter, the judged quantity first, then as `PARAMETERS` lists them; the database keeps no order."""
    return [Fact(name, title(name), text(row, name, row.params[name])) for name in ordered(row.params)]


def ordered(names: Iterable[str]) -> list[str]:
    """Names of parameters in the order people expect; unknown ones last."""
    place = {name: i for i, name in enumerate(PARAMETERS)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def text(row: PackRule, name: str, stated: Any) -> str:
    """A value with its unit: 75 µg/m³, 10 分钟, 22:00, PM2.5."""
    if name == "field":
        judged = quantity(row)
        return pick(judged.title, judged.title_en) if judged is not None else str(stated)
    if name == "profile" and stated in PROFILES:
        return pick(PROFILES[stated].title, PROFILES[stated].title_en)
    if isinstance(stated, str):
        return pick(*WORDS.get(stated, (stated, "")))
    if name == "correct":
        return pick("是", "yes") if stated else pick("否", "no")
    if name.endswith("_minute"):
        return f"{int(stated) // 60:02d}:{int(stated) % 60:02d}"
    if name.endswith("_s"):
        return duration(float(stated))
    return f"{stated:g} {unit(row, name)}".strip()


def duration(seconds: float) -> str:
    """90 秒, 10 分钟, 3 小时."""
    for size, zh, en in ((86_400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size and seconds % size == 0:
            return pick(f"{seconds / size:g} {zh}", f"{seconds / size:g} {en}")
    return pick(f"{seconds:g} 秒", f"{seconds:g} s")
