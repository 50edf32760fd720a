"""Writing credit: records that take effect, are cancelled, and the files that follow from them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.people.models import Person
from siteloop.foundation.registry.conduct import Fact
from siteloop.foundation.registry.models import PostKind, ProjectPost
from siteloop.framework import trail
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.systems.credit import ranking, settings, telling
from siteloop.systems.credit.models import (
    BlacklistEntry,
    CreditFile,
    CreditRecord,
    CreditRule,
    EntryState,
    RecordState,
    RuleKind,
    Subject,
)
from siteloop.systems.credit.scoring import months_later

WHY = "credit is kept for every subject, whoever acts"
ENGINE = system_viewer("诚信记分")
Key = tuple[int | None, int | None]
NEWS = dt.timedelta(days=7)


def rule_for(source: str, region_code: str) -> CreditRule | None:
    """The rule a kind of fact is recorded by: the nearest region's counts."""
    rows = CreditRule.objects.unscoped(WHY).filter(source=source, is_active=True).order_by("pk")
    near = [r for r in rows if region_code.startswith(r.region_code)]
    return max(near, key=lambda r: (len(r.region_code), r.pk), default=None)


def holder_of(project: int, post: str) -> int | None:
    """Who holds a key post by real name; None when nobody is registered for it."""
    posts = ProjectPost.objects.unscoped(WHY).filter(project=project, kind=post).order_by("pk")
    for one in posts.select_related("account__person"):
        if one.person_id is not None:
            return one.person_id
        known = getattr(one.account, "person", None) if one.account is not None else None
        if known is not None:
            return int(known.pk)
    return None


@transaction.atomic
def take(fact: Fact) -> CreditRecord | None:
    """Record one fact, or cancel what was recorded when the fact was taken back. The same fact twice does nothing.

    None when no rule counts it, nobody is liable, or nothing had to be done.
    """
    rule = rule_for(fact.source, fact.region_code)
    if rule is None:
        return None
    organisation, person = fact.organisation, None
    if rule.subject == Subject.PERSON:
        organisation, person = None, _person_of(fact)
    if organisation is None and person is None:
        telling.nobody(fact)
        return None
    # the same fact may be told by an event and by the clock at once: the second waits and then finds it known
    CreditRule.objects.unscoped(WHY).select_for_update().get(pk=rule.pk)
    known = (
        CreditRecord.objects.unscoped(WHY)
        .select_for_update(of=("self",))
        .filter(source_key=fact.key, organisation=organisation, person=person)
        .first()
    )
    if known is not None:
        return _taken_back(known, fact.withdrawn) if fact.withdrawn else None
    if fact.withdrawn:
        return None
    record = CreditRecord(
        rule=rule,
        organisation_id=organisation,
        person_id=person,
        project_id=fact.project,
        region_code=fact.region_code,
        points=fact.points or rule.points,
        happened_on=fact.on,
        reason=(fact.reason or fact.title)[:500],
        clause=(fact.clause or rule.basis)[:300],
        source_key=fact.key,
        source_title=fact.title[:200],
        source_link=fact.link,
        proposed_by_id=fact.decided_by,
    )
    return add(record, ENGINE, counts_from=None if rule.needs_review else fact.on)


def _person_of(fact: Fact) -> int | None:
    if fact.person is not None:
        return fact.person
    return holder_of(fact.project, fact.post) if fact.project is not None and fact.post else None


def _taken_back(record: CreditRecord, why: str) -> CreditRecord | None:
    if record.state == RecordState.IN_FORCE:
        return withdraw(record, ENGINE, why)
    if record.state == RecordState.PROPOSED:
        record.state, record.opinion = RecordState.REJECTED, why[:300]
        record.save()
        trail.record(ENGINE, "credit.creditrecord.reject", record, f"来源文书撤回，{record}不予记分")
        return record
    return None


def add(record: CreditRecord, viewer: Viewer, counts_from: dt.date | None) -> CreditRecord:
    """Store a filled record; with a day it counts from then on, without one it waits for its review."""
    rule = record.rule
    record.kind, record.level = rule.kind, rule.level
    record.signed = record.points if rule.kind == RuleKind.MERIT else -record.points
    record.is_public = rule.is_public
    record.proposed_at = timezone.now()
    record.state = RecordState.PROPOSED
    if counts_from is not None:
        _count(record, counts_from)
    record.full_clean()
    record.save()
    words = f"{viewer.name}登记信用记录：{record.subject_name} {record}"
    trail.record(viewer, "credit.creditrecord.propose", record, words)
    if counts_from is not None:
        # what is taken over from long ago is no news
        if timezone.localdate() - counts_from <= NEWS:
            telling.counted(record)
        refresh([record.subject_key])
    return record


def _count(record: CreditRecord, day: dt.date) -> None:
    record.state = RecordState.IN_FORCE
    record.counts_from = day
    record.counts_until = months_later(day, record.rule.term_months)


def approve(record: CreditRecord, viewer: Viewer, opinion: str) -> None:
    """The second person agrees: it counts from today."""
    _count(record, timezone.localdate())
    record.reviewed_by_id, record.reviewed_at, record.opinion = viewer.user, timezone.now(), opinion[:300]
    record.save()
    telling.counted(record)
    refresh([record.subject_key])


def withdraw(record: CreditRecord, viewer: Viewer, why: str, word: str = "撤销") -> CreditRecord:
    """Cancel by a second line of the opposite points from today on; both lines stay. Returns the second line."""
    now = timezone.now()
    record.state, record.withdrawn_at, record.withdrawn_why = RecordState.WITHDRAWN, now, why[:300]
    record.is_public = False
    record.save()
    line = CreditRecord(
        rule=record.rule,
        organisation_id=record.organisation_id,
        person_id=record.person_id,
        project_id=record.project_id,
        region_code=record.region_code,
        kind=record.kind,
        level=record.level,
        points=record.points,
        signed=-record.signed,
        happened_on=timezone.localdate(),
        reason=f"{word}：{why}"[:500],
        clause=record.clause,
        source_title=str(record)[:200],
        source_link=f"/credit/records/{record.pk}/",
        state=RecordState.IN_FORCE,
        # an entry that never began to count yet is cancelled from its own first day
        counts_from=max(timezone.localdate(), record.counts_from or timezone.localdate()),
        counts_until=record.counts_until,
        proposed_at=now,
        proposed_by_id=viewer.user,
        reviewed_by_id=viewer.user,
        reviewed_at=now,
        reverses=record,
    )
    line.save()
    trail.record(viewer, "credit.creditrecord.withdraw", line, f"{viewer.name}{word}{record}：{why}")
    telling.withdrawn(record, why)
    refresh([record.subject_key])
    return line


def end_entry(entry: BlacklistEntry, state: EntryState, why: str, day: dt.date | None = None) -> None:
    """Off the blacklist from that day on."""
    entry.state, entry.ended_on, entry.ended_why = state, day or timezone.localdate(), why[:300]
    entry.suspended = False
    entry.save()
    telling.off_list(entry)
    refresh([entry.subject_key])


@transaction.atomic
def expire(today: dt.date | None = None) -> int:
    """Entries whose term is over leave the list in name too; by their dates they left it already. Returns how many."""
    day = today or timezone.localdate()
    over = (
        BlacklistEntry.objects.unscoped(WHY)
        .select_for_update(of=("self",))
        .filter(state=EntryState.LISTED, until__lte=day)
        .order_by("pk")
    )
    rows = list(over)
    for entry in rows:
        end_entry(entry, EntryState.EXPIRED, "期限届满，自动移出", entry.until)
        trail.record(ENGINE, "credit.blacklistentry.expire", entry, f"{entry}期满自动移出黑名单")
    return len(rows)


@transaction.atomic
def refresh(keys: Iterable[Key], today: dt.date | None = None) -> int:
    """Files of these subjects as of the day; a project manager who crosses a limit is told. Returns how many."""
    day = today or timezone.localdate()
    wanted = set(keys)
    written = 0
    for field, ids in (
        ("organisation", {o for o, _ in wanted if o is not None}),
        ("person", {p for _, p in wanted if p is not None}),
    ):
        if ids:
            written += _refresh(field, ids, day)
    return written


def _refresh(field: str, ids: set[int], day: dt.date) -> int:
    found = ranking.ranks(field, ids, day)
    rows: Any = Organisation if field == "organisation" else Person
    regions = dict(rows.objects.unscoped(WHY).filter(pk__in=ids).values_list("pk", "region_code"))
    managers = _managers(ids) if field == "person" else set()
    known = {
        getattr(f, f"{field}_id"): f for f in CreditFile.objects.unscoped(WHY).filter(**{f"{field}__in": ids})
    }
    for key, rank in found.items():
        row = known.get(key) or CreditFile(**{f"{field}_id": key})
        row.region_code, row.as_of = regions.get(key, ""), day
        row.score, row.grade, row.is_listed = rank.score, rank.grade, rank.is_listed
        row.demerits, row.merits = max(0, rank.demerits), max(0, rank.merits)
        row.is_manager = key in managers
        crossed = _warn(row) if row.is_manager else False
        row.save()
        if crossed:
            telling.manager(row)
    return len(found)


def _managers(persons: set[int]) -> set[int]:
    """Of these persons the ones who are a project's manager."""
    posts = ProjectPost.objects.unscoped(WHY).filter(kind=PostKind.PROJECT_MANAGER)
    named = posts.filter(person__in=persons).values_list("person_id", flat=True)
    by_account = posts.filter(account__person__in=persons).values_list("account__person", flat=True)
    return {*(p for p in named if p is not None), *(int(p) for p in by_account)}


def is_manager(person: int) -> bool:
    """Whether the person is a project's manager."""
    return bool(_managers({person}))


def _warn(row: CreditFile) -> bool:
    """Set the level of the warning; True when it rose."""
    warn, stop = settings.manager_limits(row.region_code)
    level = 2 if row.demerits >= stop else 1 if row.demerits >= warn else 0
    rose, row.warned = level > row.warned, level
    return rose
