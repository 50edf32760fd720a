"""Pack rules on their way to the fast plane: resolved entries by region, published again whenever a row changes."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import Pack, PackRule
from siteloop.foundation.registry.publish import RULE_PROVIDERS, publish_later
from siteloop.framework import events
from siteloop.kernel.registry import RuleEntry

OFF = "off"  # detector name that hides a wider region's rule


def entries(on: dt.date | None = None) -> list[RuleEntry]:
    """One entry for each rule of each pack in force. A disabled row hides the wider ones. Zones have no rules of their own."""
    asked = resolve.book()
    packs = {p.pk: p for p in asked.packs() if not p.zone}
    found = []
    for row in asked.newest(PackRule, packs, on):
        pack = packs[row.pack_id]
        if on_day(pack, on):
            found.append(entry(row, pack))
    return sorted(found, key=lambda e: (e.code, e.region))


def on_day(pack: Pack, on: dt.date | None) -> bool:
    """Whether the pack itself is in force."""
    return resolve.in_force(pack, on or timezone.localdate())


def entry(row: PackRule, pack: Pack) -> RuleEntry:
    """A row as the judge reads it; an unverified clause says so."""
    clause = row.clause if row.clause_verified or "未核实" in row.clause else f"{row.clause}（未核实）"
    return RuleEntry(
        code=row.code,
        detector=row.detector if row.enabled else OFF,
        region=pack.region_code,
        version=row.version,
        params=dict(row.params),
        severity=row.severity,
        clause=clause,
        title=row.title,
        shadow=row.shadow,
    )


def provide() -> list[RuleEntry]:
    """What `registry.publish.RULE_PROVIDERS` calls."""
    return entries()


def connect() -> None:
    """Offer the rules to the registry's publisher."""
    if provide not in RULE_PROVIDERS:
        RULE_PROVIDERS.append(provide)


def changed() -> None:
    """Tell the fast plane and the listeners once the change is committed."""
    events.emit("rules_changed")
    publish_later()
