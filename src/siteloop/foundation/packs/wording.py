"""Parameters, rooms and conditions in the words of the people who set them."""

from typing import Any

from siteloop.foundation.packs.codes import CODES
from siteloop.foundation.packs.eligibility import NAMES, OPERATIONS, show
from siteloop.foundation.packs.models import (
    BackTestRun,
    EligibilityRule,
    Pack,
    PackRule,
    PackValue,
    RuleTrial,
)
from siteloop.framework.language import pick, term
from siteloop.kernel.profiles import PROFILES

PARAMETERS = {
    "field": "监测项",
    "on": "限值",
    "off": "恢复值",
    "direction": "方向",
    "hold_s": "持续(秒)",
    "recover_s": "恢复持续(秒)",
    "from_minute": "时段起(分)",
    "to_minute": "时段止(分)",
    "window_s": "窗口(秒)",
    "min_share": "有效比例",
    "intervals": "缺报次数",
    "min_s": "至少(秒)",
    "after_s": "超过(秒)",
    "when": "适用时间",
    "clock": "计时",
    "min_count": "最少条数",
    "min_run_s": "最短运行(秒)",
    "max_run_s": "最长运行(秒)",
    "rest_s": "间歇(秒)",
    "proof_s": "回报时限(秒)",
    "frost_c": "防冻气温(℃)",
    "rain_humidity": "降雨湿度(%)",
    "manual_s": "人工让出(秒)",
    "max_age_s": "数据最旧(秒)",
    "amount": "期限",
    "value": "值",
    "missed": "缺报间隔数",
    "settle_s": "等候自行补发(秒)",
    "kind": "索取类别",
    "chunk_s": "每次时长(秒)",
    "oldest_days": "最多回溯(日)",
    "wait_s": "应答静默(秒)",
    "backoff_s": "重试间隔(秒)",
    "tries": "最多次数",
    "most_asks": "每秒索取上限",
    "clear_count": "恢复条数",
    "min_moves": "最少变化次数",
    "min_fields": "最少相同监测项",
    "lag_s": "最大错时(秒)",
    "limit_s": "允许偏差(秒)",
    "jitter_s": "抖动容差(秒)",
    "correct": "自动校时",
    "correct_every_s": "校时间隔(秒)",
    "side": "方向",
    "profile": "所判数据",
    "radius_m": "半径(米)",
    "least": "最少邻近点",
    "most": "最多邻近点",
    "ratio": "倍数",
    "absolute": "绝对差",
    "effect_s": "见效时限(秒)",
    "min_drop": "最小降幅",
    "working_s": "同工地活跃时限(秒)",
    "unit": "单位",
    "counts": "日的算法",
    "period": "统计周期",
    "online_share": "在线占比",
    "numerator": "分子",
    "denominator": "分母",
    "projects": "项目范围",
    "grouped_by": "分组",
    "goal": "目标",
    "from": "起",
    "to": "止",
    "instrument": "法规",
    "clause": "条款",
    "text": "条文",
    "fine_low": "罚款下限(元)",
    "fine_high": "罚款上限(元)",
}
ENGLISH = {
    "field": "Quantity",
    "on": "Limit",
    "off": "Recovery value",
    "direction": "Direction",
    "hold_s": "Hold",
    "recover_s": "Recovery hold",
    "from_minute": "From",
    "to_minute": "To",
    "window_s": "Window",
    "min_share": "Valid share",
    "intervals": "Missed intervals",
    "min_s": "At least",
    "after_s": "Longer than",
    "when": "When",
    "clock": "Clock",
    "min_count": "Least rows",
    "clear_count": "Rows to recover",
    "min_run_s": "Shortest run",
    "max_run_s": "Longest run",
    "rest_s": "Rest",
    "proof_s": "Proof within",
    "frost_c": "Frost",
    "rain_humidity": "Rain from",
    "manual_s": "Manual pause",
    "max_age_s": "Oldest data",
    "missed": "Missed intervals",
    "settle_s": "Wait for own re-send",
    "kind": "Asked for",
    "chunk_s": "At a time",
    "oldest_days": "Back at most",
    "wait_s": "Quiet after an answer",
    "backoff_s": "Pause before a retry",
    "tries": "Tries",
    "most_asks": "Asks a second at most",
    "min_moves": "Least changes",
    "min_fields": "Least equal quantities",
    "lag_s": "Lag at most",
    "limit_s": "Allowed difference",
    "jitter_s": "Jitter",
    "correct": "Set the clock",
    "correct_every_s": "Set at most every",
    "side": "Side",
    "profile": "Data judged",
    "radius_m": "Radius",
    "least": "Least neighbours",
    "most": "Most neighbours",
    "ratio": "Ratio",
    "absolute": "Absolute difference",
    "effect_s": "Effect within",
    "min_drop": "Least drop",
    "working_s": "Site active within",
    "amount": "Term",
    "value": "Value",
    "unit": "Unit",
    "counts": "Days counted",
    "period": "Period",
    "online_share": "Share online",
    "numerator": "Numerator",
    "denominator": "Denominator",
    "projects": "Projects",
    "grouped_by": "Grouped by",
    "goal": "Goal",
    "from": "From",
    "to": "To",
    "instrument": "Law",
    "clause": "Clause",
    "text": "Text",
    "fine_low": "Fine from (yuan)",
    "fine_high": "Fine to (yuan)",
}
COMPARED = {"eq": "is", "ne": "is not", "in": "is one of", "on_or_after": "not before"}
SAID = {"是": "yes", "否": "no", "、": ", ", "㎡": "m²", "万元": "×10,000 yuan"}
TERMS = {
    ("minute", ""): ("分钟", "min"),
    ("hour", ""): ("小时", "h"),
    ("day", "working"): ("个工作日", "working days"),
    ("day", "calendar"): ("个自然日", "calendar days"),
}


def parameter(name: str) -> str:
    """限值, Limit; the name itself where nobody gave it words."""
    if name in PARAMETERS:
        return pick(PARAMETERS[name], ENGLISH.get(name, name))
    return pick(*CODES[name]) if name in CODES else name


def title(row: Pack | PackRule | PackValue | EligibilityRule | RuleTrial | BackTestRun) -> str:
    """What the row is called, in the reader's language where the pack file's title has its English."""
    return term(row.title)


def parameters(row: PackRule) -> str:
    """限值 75，恢复值 60."""
    return _table(row.params)


def named(stated: dict[str, Any]) -> str:
    """限值 70，恢复值 55; 现行数值 for nothing changed."""
    return _table(stated) or pick("现行数值", "as it stands")


def room(row: PackRule | PackValue) -> str:
    """限值 35–115."""
    return _comma().join(f"{parameter(name)} {low:g}–{high:g}" for name, (low, high) in row.bounds.items())


def value(row: PackValue) -> str:
    """3 个工作日; other tables by their names."""
    stated = row.value
    if isinstance(stated, dict) and "amount" in stated:
        return _amount(stated)
    if isinstance(stated, list):
        return pick("；", "; ").join(_table(v) if isinstance(v, dict) else _plain(v) for v in stated)
    return _table(stated) if isinstance(stated, dict) else f"{_plain(stated)} {term(row.unit)}".strip()


def condition(row: EligibilityRule) -> str:
    """建筑面积 ≥ 5,000 ㎡，工程类别 为 房屋建筑; 全部项目 without any."""
    told = [
        f"{term(NAMES.get(c['field'], c['field']))} {_compared(c['op'])} {show(c['field'], c['value'], _said)}"
        for c in row.condition
    ]
    return _comma().join(told) or pick("全部项目", "all projects")


def _table(stated: dict[str, Any]) -> str:
    return _comma().join(f"{parameter(name)} {_plain(v)}".replace(" （", "（") for name, v in stated.items())


def _comma() -> str:
    return pick("，", ", ")


def _said(zh: str) -> str:
    return pick(zh, SAID.get(zh, ""))


def _compared(op: str) -> str:
    """为, ≥; English has its own word where the sign is none."""
    return pick(OPERATIONS[op][0], COMPARED.get(op, OPERATIONS[op][0]))


def _plain(stated: Any) -> str:
    if isinstance(stated, bool):
        return pick("是", "yes") if stated else pick("否", "no")
    if isinstance(stated, list):
        return pick("、", ", ").join(map(_plain, stated)) or pick("无", "none")
    if isinstance(stated, dict):
        return _inner(stated)
    if isinstance(stated, str):
        return _coded(stated)
    return f"{stated:g}" if isinstance(stated, float) else str(stated)


def _inner(stated: dict[str, Any]) -> str:
    """A table in a table: （评价 60）; one with a title is called by it: 申请表（可承诺补交）."""
    rest = {k: v for k, v in stated.items() if k not in ("title", "code") and v is not False}
    told = [
        parameter(k) if v is True else f"{parameter(k)} {_plain(v)}".replace(" （", "（")
        for k, v in rest.items()
    ]
    inside = _amount(stated) or _comma().join(told)
    bracketed = f"{pick('（', ' (')}{inside}{pick('）', ')')}" if inside else ""
    return f"{stated.get('title', '')}{bracketed}".strip()


def _coded(stated: str) -> str:
    """A code in words: a quantity of the dust profile, or one of `CODES`; any other text as it stands."""
    if not stated:
        return "—"
    for field in PROFILES["dust"].fields:
        if field.name == stated:
            return pick(field.title, field.title_en)
    return pick(*CODES[stated]) if stated in CODES else stated


def _amount(stated: dict[str, Any]) -> str:
    """3 个工作日; "" for a table that is no term."""
    if "amount" not in stated:
        return ""
    unit = stated.get("unit", "day")
    counts = stated.get("counts", "calendar") if unit == "day" else ""
    return f"{stated['amount']:g} {pick(*TERMS.get((unit, counts), ('', '')))}".strip()
