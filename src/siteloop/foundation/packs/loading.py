"""Packs from TOML into rows. A row a person has edited is never overwritten; a changed file makes a new rule version."""

import datetime as dt
import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from siteloop.foundation.packs.models import EligibilityRule, Pack, PackRule, PackValue
from siteloop.foundation.packs.resolve import WHY

FOLDER = Path(settings.ROOT) / "packs"


@dataclass
class Loaded:
    """What a load did."""

    packs: int = 0
    rows: int = 0
    kept: list[str] = field(default_factory=list)  # edited by people, file differs


def load_packs(folder: Path = FOLDER) -> Loaded:
    """Load every `*.toml` below the folder; unchanged files cost one digest. Raises KeyError for a missing field."""
    done = Loaded()
    for path in sorted(folder.rglob("*.toml")):
        with transaction.atomic():
            _load(path, done)
    return done


def _load(path: Path, done: Loaded) -> None:
    text = path.read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    data = tomllib.loads(text.decode())
    pack = Pack.objects.unscoped(WHY).filter(code=data["code"]).first() or Pack(code=data["code"])
    if pack.digest == digest:
        return
    pack.title, pack.region_code, pack.zone = data["title"], data.get("region", ""), data.get("zone", "")
    pack.effective_from, pack.effective_to = data.get("effective_from"), data.get("effective_to")
    pack.digest = digest
    pack.save()
    done.packs += 1
    for item in data.get("rule", []):
        _rule(pack, item, done)
    for item in data.get("value", []):
        _value(pack, item, done)
    for item in data.get("eligibility", []):
        _eligibility(pack, item, done)


def _shared(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": item["title"],
        "clause": item.get("clause", ""),
        "clause_verified": item.get("verified", False),
        "effective_from": item.get("effective_from"),
        "effective_to": item.get("effective_to"),
    }


def _rule(pack: Pack, item: dict[str, Any], done: Loaded) -> None:
    latest = PackRule.objects.unscoped(WHY).filter(pack=pack, code=item["code"]).order_by("-version").first()
    fields = _shared(item) | {
        "detector": item["detector"],
        "params": item.get("params", {}),
        "bounds": item.get("bounds", {}),
        "severity": item.get("severity", "yellow"),
        "enabled": item.get("enabled", True),
        "shadow": item.get("shadow", False),
    }
    if latest is not None and _same(latest, fields):
        return
    if latest is not None and latest.edited:
        done.kept.append(f"{pack.code}:{item['code']}")
        return
    PackRule(pack=pack, code=item["code"], version=latest.version + 1 if latest else 1, **fields).save()
    done.rows += 1


def _value(pack: Pack, item: dict[str, Any], done: Loaded) -> None:
    fields = _shared(item) | {
        "value": item["value"],
        "unit": item.get("unit", ""),
        "bounds": item.get("bounds", {}),
    }
    since: dt.date | None = item.get("effective_from")
    row = PackValue.objects.unscoped(WHY).filter(pack=pack, key=item["key"], effective_from=since).first()
    if row is not None and row.edited:
        if not _same(row, fields):
            done.kept.append(f"{pack.code}:{item['key']}")
        return
    row = row or PackValue(pack=pack, key=item["key"])
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    done.rows += 1


def _eligibility(pack: Pack, item: dict[str, Any], done: Loaded) -> None:
    row = EligibilityRule.objects.unscoped(WHY).filter(pack=pack, code=item["code"]).first()
    if row is not None and row.edited:
        return
    row = row or EligibilityRule(pack=pack, code=item["code"])
    for name, value in (
        _shared(item) | {"outcome": item["outcome"], "order": item.get("order", 100)}
    ).items():
        setattr(row, name, value)
    row.condition = item.get("when", [])
    row.save()
    done.rows += 1


def _same(row: Any, fields: dict[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in fields.items())
