"""Which projects must join: *must install / not required / authority decides*, with the reason (CFG-01…15)."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from siteloop.foundation.packs.models import EligibilityRule, Outcome
from siteloop.foundation.packs.resolve import WHY, chain

OPERATIONS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "eq": ("为", lambda a, b: a == b),
    "ne": ("不为", lambda a, b: a != b),
    "in": ("属于", lambda a, b: a in b),
    "gte": ("≥", lambda a, b: a is not None and a >= b),
    "lt": ("<", lambda a, b: a is not None and a < b),
    "on_or_after": ("不早于", lambda a, b: a is not None and a.isoformat() >= b),
}
NAMES = {
    "work_kind": "工程类别",
    "floor_area": "建筑面积（㎡）",
    "cost_wan": "造价（万元）",
    "is_public_key": "重点公建",
    "key_investment": "重点投资",
    "standardisation": "标化申报",
    "required_by_authority": "主管部门要求",
    "started_on": "开工日期",
    "zone": "功能区",
}


@dataclass(frozen=True)
class Decision:
    """Whether a project must join, by which rule, and why."""

    outcome: str
    rule_code: str
    reason: str
    clause: str = ""


def decide(project: Any, on: dt.date | None = None) -> Decision:
    """Judge any object with the attributes of `NAMES` and `region_code`. The authority's own word comes first (CFG-06)."""
    if project.required_by_authority is not None:
        wanted = project.required_by_authority
        outcome = Outcome.MUST if wanted else Outcome.NOT_REQUIRED
        return Decision(outcome, "authority", "主管部门认为必须安装" if wanted else "主管部门认定不要求安装")
    day = on or timezone.localdate()
    packs = chain(project.region_code, project.zone, day)
    rank = {p.pk: i for i, p in enumerate(packs)}
    rows = EligibilityRule.objects.unscoped(WHY).filter(pack__in=rank).select_related("pack")
    in_force = [
        r
        for r in rows
        if (not r.effective_from or r.effective_from <= day) and (not r.effective_to or r.effective_to >= day)
    ]
    for rule in sorted(in_force, key=lambda r: (-rank[r.pack_id], r.order, r.code)):
        if all(_holds(project, c) for c in rule.condition):
            return Decision(rule.outcome, rule.code, _why(project, rule), rule.clause)
    if in_force:
        return Decision(Outcome.NOT_REQUIRED, "", "未达到本地应装标准")
    return Decision(Outcome.AUTHORITY, "", "本地未制定规模标准，由主管部门确定")


def _value(project: Any, name: str) -> Any:
    value = getattr(project, name)
    return float(value) if isinstance(value, Decimal) else value


def _holds(project: Any, condition: dict[str, Any]) -> bool:
    return OPERATIONS[condition["op"]][1](_value(project, condition["field"]), condition["value"])


def _why(project: Any, rule: EligibilityRule) -> str:
    facts = []
    for c in rule.condition:
        value = _value(project, c["field"])
        shown = f"{value:g}" if isinstance(value, float) else value
        facts.append(f"{NAMES.get(c['field'], c['field'])} {shown}（{OPERATIONS[c['op']][0]} {c['value']}）")
    return f"{rule.title}：{'，'.join(facts)}" if facts else rule.title
