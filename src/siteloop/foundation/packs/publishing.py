"""Pack rules on their way to the fast plane: resolved entries by region and project, published again whenever a row changes."""

import datetime as dt

from django.db import connection
from django.utils import timezone
from msgspec import structs

from siteloop.foundation.packs import resolve
from siteloop.foundation.packs.models import TRIAL, Pack, PackRule, RuleTrial, TrialOutcome
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
    """Numbers on trial as rules of their own, counted only."""
    running = RuleTrial.objects.unscoped(resolve.WHY).filter(outcome=TrialOutcome.RUNNING, until__gte=day)
    tried = [_tried(trial) for trial in running.select_related("rule__pack")]
    own = {_place(e) for e in tried}
    return tried + [hidden for e in tried for hidden in _left_out(e, in_force) if _place(hidden) not in own]


def _tried(trial: RuleTrial) -> RuleEntry:
    return structs.replace(
        entry(trial.rule, trial.rule.pack),
        code=trial.trial_code,
        region=trial.region_code,
        project=trial.project_id or 0,
        version=trial.pk,
        params=dict(trial.params),
        title=f"{trial.title}（试运行）",
        shadow=True,
    )


def _place(e: RuleEntry) -> tuple[str, str, int]:
    """What the judge knows an entry by: its code and, for a project's own, the project, wherever that lies."""
    return e.code, "" if e.project else e.region, e.project


def _left_out(tried: RuleEntry, in_force: list[RuleEntry]) -> list[RuleEntry]:
    """Places and projects below that state the rule for themselves; a trial of their own goes before. A project has none below it."""
    code = tried.code.removesuffix(TRIAL)
    return [
        structs.replace(tried, region=e.region, project=e.project, detector=OFF, params={})
        for e in in_force
        if not tried.project
        and e.code == code
        and (e.region != tried.region or e.project)
        and e.region.startswith(tried.region)
    ]


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


def published_on() -> dt.date | None:
    """The local day of the rules the fast plane has, None before there are any."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('fast.registry')")
        if cursor.fetchone()[0] is None:
            return None
        cursor.execute("SELECT published_at FROM fast.registry")
        row = cursor.fetchone()
    return timezone.localdate(row[0]) if row else None


def changed() -> None:
    """Tell the fast plane and the listeners once the change is committed."""
    events.emit("rules_changed")
    publish_later()
