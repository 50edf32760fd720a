"""The tables of the program, read from `catalogue/*.toml` into rows that people may edit afterwards."""

import tomllib
from pathlib import Path

from django.db import transaction

from siteloop.systems.supervisor_firms.models import Behaviour, Standard

FOLDER = Path(__file__).with_name("catalogue")
WHY = "the program's own tables are loaded for everybody"


@transaction.atomic
def load() -> None:
    """New rows come in; what is there already is left as people changed it."""
    for model, name in ((Standard, "standard"), (Behaviour, "behaviour")):
        known = set(model.objects.unscoped(WHY).values_list("code", flat=True))
        stated = tomllib.loads((FOLDER / f"{name}s.toml").read_text(encoding="utf-8"))
        for one in stated[name]:
            if one["code"] not in known:
                row = model(**one)
                row.full_clean()
                row.save()
