"""Which projects must join: *must install / not required / authority decides*, with the reason (CFG-01…15).

The nearest region that has rules decides; a zone's rules come in addition (CFG-07). The first rule that fits in the
stated order counts. The authority's own word goes before all (CFG-06). A project begun before a rule took effect is
not a new start: the rule itself says what then (CFG-11). A fact that is missing is never guessed.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import EligibilityRule, Outcome
from siteloop.foundation.registry.models import Investment, Standardisation, WorkKind

OPERATIONS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "eq": ("为", lambda a, b: bool(a == b)),
    "ne": ("不为", lambda a, b: bool(a != b)),
    "in": ("属于", lambda a, b: a in b),
    "gte": ("≥", lambda a, b: bool(a >= b)),
    "gt": (">", lambda a, b: bool(a > b)),
    "lte": ("≤", lambda a, b: bool(a <= b)),
    "lt": ("<", lambda a, b: bool(a < b)),
    "on_or_after": ("不早于", lambda a, b: bool(a.isoformat() >= b)),
}
NAMES = {
    "work_kind": "工程类别",
    "floor_area": "建筑面积",
    "cost_wan": "造价",
    "is_public_key": "重点公建",
    "key_investment": "重点投资",
    "standardisation": "标化申报",
    "is_class_one": "一类项目",
    "required_by_authority": "主管部门要求",
    "started_on": "开工日期",
    "zone": "功能区",
}
UNITS = {"floor_area": "㎡", "cost_wan": "万元"}
TITLES: dict[str, dict[Any, str]] = {
    "work_kind": {c.value: str(c.label) for c in WorkKind},
    "key_investment": {c.value: str(c.label) for c in Investment},
    "standardisation": {c.value: str(c.label) for c in Standardisation},
}
OVERRIDE = "CFG-06"


@dataclass(frozen=True)
class Decision:
    """Whether a project must join, by which rule, and why."""

    outcome: str  # must | not_required | authority
    rule_code: str
    reason: str
    clause: str = ""


def decide(project: Any, on: dt.date | None = None) -> Decision:
    """Judge any object with the attributes of `NAMES` and `region_code`."""
    wanted = getattr(project, "required_by_authority", None)
    if wanted is not None:
        outcome = Outcome.MUST if wanted else Outcome.NOT_REQUIRED
        reason = (
            "主管部门认为必须安装“智慧工地”监管系统" if wanted else "主管部门认定不要求安装“智慧工地”监管系统"
        )
        return Decision(
            outcome.value, OVERRIDE, f"{reason}（{OVERRIDE}）", "行政主管部门认为必须安装的其他项目"
        )
    rules = rules_for(project, on)
    if not rules:
        return Decision(Outcome.AUTHORITY.value, "", "本地未制定规模标准，由主管部门确定")
    begun_early: Decision | None = None
    missing: set[str] = set()
    for rule in rules:
        fits = _fits(project, rule, missing)
        if not fits:
            continue
        if _begun_before(project, rule):
            begun_early = begun_early or _early(project, rule)
            continue
        if begun_early is not None and rule.outcome != Outcome.MUST:
            return begun_early
        return Decision(rule.outcome, rule.code, _why(project, rule), rule.clause)
    return begun_early or _nothing_fits(project, rules, missing)


def rules_for(project: Any, on: dt.date | None = None) -> list[EligibilityRule]:
    """Rules that judge a project, in order: its zone's, then those of the nearest region that has any."""
    asked = resolve.book()
    place = project.region_code, getattr(project, "zone", "") or "", on or asked.today
    if place not in asked.judging:
        asked.judging[place] = _rules_at(asked, *place)
    return asked.judging[place]


def _rules_at(asked: resolve.Book, region_code: str, zone: str, on: dt.date) -> list[EligibilityRule]:
    packs = asked.chain(region_code, zone, on)
    rows = asked.newest(EligibilityRule, [p.pk for p in packs], on)
    found: list[EligibilityRule] = []
    for pack in reversed(packs):
        of_pack = sorted((r for r in rows if r.pack_id == pack.pk), key=lambda r: (r.order, r.code))
        found += of_pack
        if of_pack and not pack.zone:
            break
    return found


def _value(project: Any, name: str) -> Any:
    value = getattr(project, name, None)
    return float(value) if isinstance(value, Decimal) else value


def _fits(project: Any, rule: EligibilityRule, missing: set[str]) -> bool:
    """Whether every condition holds; facts that alone stand in the way by being unknown are added to `missing`."""
    unknown = set()
    for condition in rule.condition:
        value = _value(project, condition["field"])
        if value is None or value == "":
            unknown.add(condition["field"])
        elif not OPERATIONS[condition["op"]][1](value, condition["value"]):
            return False
    missing |= unknown
    return not unknown


def _begun_before(project: Any, rule: EligibilityRule) -> bool:
    begun = getattr(project, "started_on", None)
    return bool(
        begun and rule.effective_from and begun < rule.effective_from and rule.already_started != rule.outcome
    )


def _early(project: Any, rule: EligibilityRule) -> Decision:
    what = {
        Outcome.AUTHORITY: "是否纳入由主管部门确定",
        Outcome.NOT_REQUIRED: "不要求",
        Outcome.MUST: "同样纳入",
    }[Outcome(rule.already_started)]
    reason = f"{_why(project, rule)}；项目 {project.started_on} 已开工，早于规则施行日 {rule.effective_from}，{what}（CFG-11）"
    return Decision(rule.already_started, rule.code, reason, rule.clause)


def show(name: str, value: Any, say: Callable[[str], str] = str) -> str:
    """A fact or limit with its unit or title. A decision keeps the Chinese; `say` is how a page puts its words."""
    if isinstance(value, bool):
        return say("是" if value else "否")
    if isinstance(value, list):
        return say("、").join(show(name, v, say) for v in value)
    if isinstance(value, int | float):
        return f"{value:,.10g} {say(UNITS.get(name, ''))}".strip()
    return say(TITLES.get(name, {}).get(value, str(value)))


def _facts(project: Any, rule: EligibilityRule) -> str:
    told = [
        f"{NAMES.get(c['field'], c['field'])} {show(c['field'], _value(project, c['field']))}"
        f"（{OPERATIONS[c['op']][0]} {show(c['field'], c['value'])}）"
        for c in rule.condition
    ]
    return "，".join(told)


def _why(project: Any, rule: EligibilityRule) -> str:
    facts = _facts(project, rule)
    return f"{rule.pack.title} {rule.code} {rule.title}" + (f"：{facts}" if facts else "")


def _nothing_fits(project: Any, rules: list[EligibilityRule], missing: set[str]) -> Decision:
    titles = "；".join(f"{r.code} {r.title}" for r in rules)
    if missing:
        names = "、".join(NAMES.get(name, name) for name in sorted(missing))
        return Decision(Outcome.AUTHORITY.value, "", f"缺少{names}，不能判定，由主管部门确定。标准：{titles}")
    known = "，".join(
        f"{NAMES[name]} {show(name, value)}"
        for name in ("work_kind", "floor_area", "cost_wan")
        if (value := _value(project, name)) not in (None, "")
    )
    return Decision(
        Outcome.NOT_REQUIRED.value, "", f"未达到{rules[-1].pack.title}应装标准（{known}）。标准：{titles}"
    )
