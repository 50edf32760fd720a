"""Check tables and measures of the program, read from `catalogue/*.toml` into rows that people may edit afterwards."""

import tomllib
from pathlib import Path
from typing import Any

from django.db import transaction

from siteloop.systems.inspection.applying import problems
from siteloop.systems.inspection.models import CheckItem, CheckTable, Measure

FOLDER = Path(__file__).with_name("catalogue")
WHY = "the program's own tables are loaded for everybody"


@transaction.atomic
def load_all() -> None:
    """New tables, lines and measures come in; what is there already is left as people changed it."""
    known = set(CheckTable.objects.unscoped(WHY).values_list("code", flat=True))
    for path in sorted(FOLDER.glob("*.toml")):
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
        for order, one in enumerate(stated.get("table", ()), 1):
            if one["code"] not in known:
                _table(stated, one, order)
    measures = set(Measure.objects.unscoped(WHY).values_list("code", flat=True))
    for one in tomllib.loads((FOLDER / "measures.toml").read_text(encoding="utf-8"))["measure"]:
        if one["code"] not in measures:
            _measure(one)


def _condition(stated: dict[str, Any]) -> dict[str, Any]:
    condition: dict[str, Any] = stated.get("when", {})
    wrong = problems(condition)
    if wrong:
        raise ValueError(f"{stated.get('title')}: {wrong[0]}")
    return condition


def _table(suite: dict[str, Any], one: dict[str, Any], order: int) -> None:
    table = CheckTable(
        code=one["code"],
        suite=suite["code"],
        suite_title=suite["title"],
        title=one["title"],
        standard=suite["standard"],
        category=one["category"],
        weight=one["weight"],
        method=suite["method"],
        condition=_condition(one),
        order=order,
        verified=one["verified"],
    )
    table.save()
    CheckItem.objects.bulk_create(
        CheckItem(
            table=table,
            number=item["number"],
            section=item.get("section", ""),
            title=item["title"],
            clause=item.get("clause", ""),
            points=item.get("points"),
            is_guaranteed=item.get("guaranteed", False),
            condition=_condition(item),
            verified=item.get("verified", False),
        )
        for item in one["item"]
    )


def _measure(one: dict[str, Any]) -> None:
    fields = dict(one)
    fields["document_kind"] = fields.pop("document", "")
    fields["region_code"] = fields.pop("region", "")
    measure = Measure(**fields)
    measure.full_clean()
    measure.save()
