"""Loading divisions from code and name lists; safe to repeat."""

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction

from siteloop.foundation.regions import names
from siteloop.foundation.regions.models import Level, Region, Zone
from siteloop.foundation.regions.tree import ancestors

BUNDLED = Path(__file__).with_name("data") / "divisions.csv.gz"
LEVELS = {2: Level.PROVINCE, 4: Level.CITY, 6: Level.COUNTY, 9: Level.TOWN}
#: not in the statistical list, but provinces of the country (GB/T 2260)
BESIDES = (("71", "台湾省"), ("81", "香港特别行政区"), ("82", "澳门特别行政区"))
WHY = "reference data of the program itself"


def bundled() -> list[tuple[str, str]]:
    """(code, name) pairs that ship with the program."""
    text = gzip.decompress(BUNDLED.read_bytes()).decode()
    return [(row["code"], row["name"]) for row in csv.DictReader(io.StringIO(text))] + list(BESIDES)


def import_csv(path: Path) -> int:
    """Load a CSV with the columns code and name (such as the package's streets.csv). Returns how many were new."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return import_rows([(row["code"].strip(), row["name"].strip()) for row in csv.DictReader(file)])


@transaction.atomic
def import_rows(rows: Iterable[tuple[str, str]]) -> int:
    """Add what is missing, rename what is called otherwise now. Raises ValueError for a code of another length."""
    known = {r.code: r for r in Region.objects.unscoped(WHY).all()}
    added = 0
    for length in sorted(LEVELS):
        fresh = []
        for code, name in rows:
            if len(code) not in LEVELS:
                raise ValueError(f"division code {code!r}")
            if len(code) != length:
                continue
            if code not in known:
                chain = ancestors(code)
                above = known.get(chain[-2]) if len(chain) > 1 else None
                fresh.append(Region(code=code, name=name, level=LEVELS[length], parent=above))
            elif known[code].name != name:
                Region.objects.unscoped(WHY).filter(code=code).update(name=name)
        for region in Region.objects.bulk_create(fresh, batch_size=2000):
            known[region.code] = region
        added += len(fresh)
    names.forget()
    return added


def add_zones(rows: Iterable[tuple[str, str, str]]) -> None:
    """(code, name, division) of zones that are not there yet. Raises Region.DoesNotExist for an unknown division."""
    for code, name, region in rows:
        if not Zone.objects.unscoped(WHY).filter(code=code).exists():
            Zone(code=code, name=name, region=Region.objects.unscoped(WHY).get(code=region)).save()
