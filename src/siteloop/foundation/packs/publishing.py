"""Pack rules on their way to the fast plane: resolved entries by region and project, published again whenever a row changes."""

import datetime as dt

from django.utils import timezone
from msgspec import structs

from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import Pack, PackRule, RuleTrial, TrialOutcome
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
    found += _on_trial(found, on or timezone.localdate())
    return sorted(found, key=lambda e: (e.code, e.region))


def _on_trial(in_force: list[RuleEntry], day: dt.date) -> list[RuleEntry]:
    """Numbers on trial as rules of their own, counted only; places below with a word of their own are left out."""
    found = []
    for trial in (
        RuleTrial.objects.unscoped(resolve.WHY)
        .filter(outcome=TrialOutcome.RUNNING, until__gte=day)
        .select_related("rule__pack")
    ):
        base = entry(trial.rule, trial.rule.pack)
        made = structs.replace(
            base,
            code=trial.trial_code,
            region=trial.region_code,
            version=trial.pk,
            params=dict(trial.params),
            title=f"{trial.title}（试运行）",
            shadow=True,
        )
        found.append(made)
        found += [
            structs.replace(made, region=e.region, project=e.project, detector=OFF, params={})
            for e in in_force
            if e.code == trial.code
            and (e.region != made.region or e.project)
            and e.region.startswith(made.region)
        ]
    return found


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
        project=pack.project_id or 0,
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
