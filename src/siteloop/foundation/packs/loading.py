"""Packs from TOML into rows. What people edited is never overwritten: a file's change then waits as a proposal.

A row of a file is known by its pack, key and effective date. Unchanged files cost one digest; a changed row becomes a
new version. Numbers of a lower level outside the room above are refused.
"""

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from siteloop.foundation.packs import publishing
from siteloop.foundation.packs.models import EligibilityRule, Pack, PackRule, PackValue
from siteloop.foundation.packs.resolve import WHY, bounds_above, check_bounds, named
from siteloop.framework.action import Refused

FOLDER = Path(settings.ROOT) / "packs"


@dataclass
class Loaded:
    """What a load did."""

    packs: int = 0
    rows: int = 0
    kept: list[str] = field(default_factory=list)  # edited by people, the file's change waits as a proposal


def load_packs(folder: Path = FOLDER) -> Loaded:
    """Load every `*.toml` below the folder, nation first, in one transaction.

    Raises KeyError for a missing field, ValueError for a number outside the bounds above.
    """
    files = [(path, path.read_bytes()) for path in sorted(folder.rglob("*.toml"))]
    parsed = [(hashlib.sha256(text).hexdigest(), tomllib.loads(text.decode())) for _, text in files]
    done = Loaded()
    with transaction.atomic():
        for digest, data in sorted(
            parsed, key=lambda f: (len(f[1].get("region", "")), bool(f[1].get("zone")))
        ):
            _load(digest, data, done)
        if done.rows:
            publishing.changed()
    return done


def _load(digest: str, data: dict[str, Any], done: Loaded) -> None:
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
    fields = _shared(item) | {
        "detector": item["detector"],
        "params": item.get("params", {}),
        "bounds": item.get("bounds", {}),
        "severity": item.get("severity", "yellow"),
        "enabled": item.get("enabled", True),
        "shadow": item.get("shadow", False),
    }
    _inside(pack, item["code"], lambda: check_bounds(fields["params"], bounds_above(item["code"], pack)))
    _settle(PackRule, pack, "code", item["code"], fields, done)


def _value(pack: Pack, item: dict[str, Any], done: Loaded) -> None:
    fields = _shared(item) | {
        "value": item["value"],
        "unit": item.get("unit", ""),
        "bounds": item.get("bounds", {}),
    }
    _inside(
        pack,
        item["key"],
        lambda: check_bounds(named(fields["value"]), bounds_above(item["key"], pack, PackValue)),
    )
    _settle(PackValue, pack, "key", item["key"], fields, done)


def _eligibility(pack: Pack, item: dict[str, Any], done: Loaded) -> None:
    fields = _shared(item) | {
        "outcome": item["outcome"],
        "order": item.get("order", 100),
        "condition": item.get("when", []),
        "already_started": item.get("already_started", "authority"),
    }
    _settle(EligibilityRule, pack, "code", item["code"], fields, done)


def _inside(pack: Pack, key: str, check: Callable[[], None]) -> None:
    try:
        check()
    except Refused as wrong:
        raise ValueError(f"{pack.code}: {key}: {wrong.message}") from wrong


def _settle(
    model: type[PackRule] | type[PackValue] | type[EligibilityRule],
    pack: Pack,
    name: str,
    key: str,
    fields: dict[str, Any],
    done: Loaded,
) -> None:
    """Nothing for a known row, a new version for a changed one, a proposal where a person has edited."""
    versions = model.objects.unscoped(WHY).filter(pack=pack, **{name: key})
    from_file = (
        versions.filter(edited=False, effective_from=fields["effective_from"]).order_by("-version").first()
    )
    if from_file is not None and all(getattr(from_file, n) == v for n, v in fields.items()):
        return
    counting = versions.filter(proposed=False).order_by("-version").first()
    last = versions.aggregate(last=Max("version"))["last"] or 0
    proposed = counting is not None and counting.edited
    model(pack=pack, version=last + 1, proposed=proposed, **{name: key}, **fields).save()
    done.rows += 1
    if proposed:
        done.kept.append(f"{pack.code}:{key}")
