"""Rules and values as the templates show them: words, levels, versions, and what a rule's page carries at its head."""

from typing import Any

from siteloop.foundation.packs import ladder, meaning, wording
from siteloop.foundation.packs.models import Pack, PackRule
from siteloop.foundation.regions.names import name
from siteloop.framework.language import pick

LEVELS = {
    0: ("国家", "Nation"),
    2: ("省级", "Province"),
    4: ("市级", "City"),
    6: ("县级", "County"),
    9: ("镇街", "Town"),
}


def level(code: str) -> str:
    """县级 平湖市."""
    title = pick(*LEVELS.get(len(code), ("", "")))
    return f"{title} {name(code)}" if code else pick("国家", "Nation")


def words(row: ladder.Row) -> str:
    """What a row says, in a line."""
    if isinstance(row, PackRule):
        return pick("，", ", ").join(f"{f.title} {f.text}" for f in meaning.facts(row))
    return wording.value(row)


def standing(s: ladder.Standing) -> dict[str, Any]:
    """One rule or value at the place asked about."""
    row = s.row
    return {
        "key": s.key,
        "row": row,
        "words": words(row) or pick("无参数", "no numbers"),
        "level": _of(row.pack),
        "is_own": s.is_own,
        "severity": row.severity if isinstance(row, PackRule) else "",
        "is_off": isinstance(row, PackRule) and not row.enabled,
        "shadow": isinstance(row, PackRule) and row.shadow,
        "room": [(wording.parameter(n), low, high) for n, (low, high) in s.room.items()],
    }


def about(found: ladder.Standing) -> dict[str, Any]:
    """What a rule judges and which tabs it has; nothing for a value."""
    row = found.row
    if not isinstance(row, PackRule):
        return {}
    title, told = meaning.kind(row)
    return {
        "judges": {"title": title, "words": told, "facts": meaning.facts(row)},
        "rule_tabs": [
            ("rule", "", pick("规则", "Rule")),
            ("trial", "trial/", pick("试运行", "Trial")),
            ("back-tests", "back-tests/", pick("回溯测试", "Back-test")),
        ],
    }


def rungs(found: ladder.Standing) -> list[dict[str, Any]]:
    """The ladder; a region with several packs stands once where none of them says anything."""
    told: list[ladder.Rung] = []
    for r in found.rungs:
        same = [o for o in found.rungs if o.pack.region_code == r.pack.region_code]
        if r.row is not None or (all(o.row is None for o in same) and r is same[0]):
            told.append(r)
    return [_rung(r) for r in told]


def _rung(r: ladder.Rung) -> dict[str, Any]:
    return {
        "level": _of(r.pack),
        "pack": r.pack,
        "row": r.row,
        "counts": r.counts,
        "words": words(r.row) if r.row else "",
        "room": wording.room(r.row) if r.row else "",
    }


def version(row: ladder.Row) -> dict[str, Any]:
    """A line of the history."""
    return {
        "row": row,
        "level": _of(row.pack),
        "words": words(row),
        "who": row.set_by or pick("规则包文件", "pack file"),
    }


def _of(pack: Pack) -> str:
    return f"{pick('项目', 'Project')} {pack.project}" if pack.project_id else level(pack.region_code)
