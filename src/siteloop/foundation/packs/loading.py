"""Packs from TOML into rows. What people edited is never overwritten: a file's change then waits as a proposal.

A row of a file is known by its pack, key and effective date. Unchanged files cost one digest; a changed row becomes a
new version. Numbers of a lower level outside the room above are refused.
"""

import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from siteloop.foundation.packs import narrowing, publishing
from siteloop.foundation.packs.models import EligibilityRule, Pack, PackRule, PackValue
from siteloop.foundation.packs.resolve import WHY, bounds_above, check_bounds, key_of, named, reading
from siteloop.framework.action import Refused

FOLDER = Path(settings.ROOT) / "packs"
MOST_ROUNDS = 20  # days on which rooms become less, one after the other
Kind = type[PackRule] | type[PackValue] | type[EligibilityRule]
Stated = tuple[str, dict[str, Any]]  # key of a file's row, its fields


@dataclass
class Loaded:
    """What a load did."""

    packs: int = 0
    rows: int = 0
    kept: list[str] = field(default_factory=list)  # edited by people, the file's change waits as a proposal
    held: list[str] = field(default_factory=list)  # held to a room that has become less


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
            _hold(done)
            publishing.changed()
    return done


def _hold(done: Loaded) -> None:
    """What stands outside a room that has become less gets a version inside it."""
    for _ in range(MOST_ROUNDS):
        made = narrowing.versions(timezone.localdate())
        if not made:
            return
        PackRule.objects.unscoped(WHY).bulk_create([row for row in made if isinstance(row, PackRule)])
        PackValue.objects.unscoped(WHY).bulk_create([row for row in made if isinstance(row, PackValue)])
        done.held += [f"{row.pack.code}:{key_of(row)}" for row in made]


def _load(digest: str, data: dict[str, Any], done: Loaded) -> None:
    pack = Pack.objects.unscoped(WHY).filter(code=data["code"]).first() or Pack(code=data["code"])
    if pack.digest == digest:
        return
    pack.title, pack.region_code, pack.zone = data["title"], data.get("region", ""), data.get("zone", "")
    pack.effective_from, pack.effective_to = data.get("effective_from"), data.get("effective_to")
    pack.digest = digest
    pack.save()
    done.packs += 1
    with reading(anew=True):  # what stands above is the same for every row of the file
        for model, name, items in (
            (PackRule, "code", [_rule(pack, item) for item in data.get("rule", [])]),
            (PackValue, "key", [_value(pack, item) for item in data.get("value", [])]),
            (EligibilityRule, "code", [_eligibility(item) for item in data.get("eligibility", [])]),
        ):
            _settle(model, pack, name, items, done)


def _shared(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": item["title"],
        "clause": item.get("clause", ""),
        "clause_verified": item.get("verified", False),
        "effective_from": item.get("effective_from"),
        "effective_to": item.get("effective_to"),
    }


def _rule(pack: Pack, item: dict[str, Any]) -> Stated:
    fields = _shared(item) | {
        "detector": item["detector"],
        "params": item.get("params", {}),
        "bounds": item.get("bounds", {}),
        "severity": item.get("severity", "yellow"),
        "enabled": item.get("enabled", True),
        "shadow": item.get("shadow", False),
    }
    _inside(pack, item["code"], lambda: check_bounds(fields["params"], bounds_above(item["code"], pack)))
    return item["code"], fields


def _value(pack: Pack, item: dict[str, Any]) -> Stated:
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
    return item["key"], fields


def _eligibility(item: dict[str, Any]) -> Stated:
    fields = _shared(item) | {
        "outcome": item["outcome"],
        "order": item.get("order", 100),
        "condition": item.get("when", []),
        "already_started": item.get("already_started", "authority"),
    }
    return item["code"], fields


def _inside(pack: Pack, key: str, check: Callable[[], None]) -> None:
    try:
        check()
    except Refused as wrong:
        raise ValueError(f"{pack.code}: {key}: {wrong.message}") from wrong


def _settle(model: Kind, pack: Pack, name: str, stated: list[Stated], done: Loaded) -> None:
    """Nothing for a known row, a new version for a changed one, a proposal where a person has edited."""
    known: dict[str, list[Any]] = defaultdict(list)
    for row in model.objects.unscoped(WHY).filter(pack=pack).order_by("version"):
        known[getattr(row, name)].append(row)
    made: list[Any] = []
    for key, fields in stated:
        new = _version(model, pack, {name: key}, known[key], fields)
        if new is None:
            continue
        known[key].append(new)
        made.append(new)
        if new.proposed:
            done.kept.append(f"{pack.code}:{key}")
    model.objects.unscoped(WHY).bulk_create(made)
    done.rows += len(made)


def _version(
    model: Kind, pack: Pack, named_by: dict[str, str], versions: list[Any], fields: dict[str, Any]
) -> Any | None:
    """The version that a file's row adds to those there are, oldest first; None when its last one says the same."""
    from_file = [v for v in versions if not v.edited and v.effective_from == fields["effective_from"]]
    if from_file and all(getattr(from_file[-1], n) == v for n, v in fields.items()):
        return None
    counting = [v for v in versions if not v.proposed]
    number = versions[-1].version + 1 if versions else 1
    is_proposed = bool(counting) and counting[-1].edited
    return model(pack=pack, version=number, proposed=is_proposed, **named_by, **fields)
