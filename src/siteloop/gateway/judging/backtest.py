"""Back-test: the detector of a rule over stored history, as the rule stands today and as somebody would like it.

The same detector class the judge runs gets the same rows in order of arrival, so what it would have said is what it says.
Two ways of one rule are run side by side in one pass, and their episodes compared: today's, and what would be if the
place asked about said other numbers itself.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import psycopg

from siteloop.gateway.history.archive_store import NO_STORE, ArchiveStore
from siteloop.gateway.history.stored_history import steps
from siteloop.gateway.judging.backtest_reach import (
    NoSuchRule,
    Place,
    Rules,
    Value,
    profiles,
    reach,
    with_linked,
)
from siteloop.kernel import registry as registries
from siteloop.kernel.block import Block
from siteloop.kernel.finding import Act, Command, Finding
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import HOUR, SECOND
from siteloop.rules.detector import OFF, Detector, Rulebook, Statement
from siteloop.rules.lane import LaneDetector

#: history read before the start, so that a detector knows its devices; nothing it says of that time counts
WARM = 6 * HOUR
NATION = Place()


class Hit(msgspec.Struct):
    """One episode. Times are µs; `until` None = still open at the end."""

    subject: str
    site: int
    region: str
    device: int
    since: int
    until: int | None
    value: float | None
    limit: float | None
    unit: str
    message: str
    count: int


class Share(msgspec.Struct):
    """What one device (or site, device 0) would have got."""

    site: int
    region: str
    device: int
    code: str
    title: str
    today: int
    candidate: int


class BackTest(msgspec.Struct):
    """What came of it. `today` and `candidate` are the episodes in order of time; without changes they are the same."""

    rule: str
    title: str
    detector: str
    start: int
    end: int
    region: str
    changes: dict[str, Value]
    devices: int  # the rule is judged on
    rows: int
    readings: int
    seconds: float
    today: list[Hit]
    candidate: list[Hit]
    only_today: list[Hit]
    only_candidate: list[Hit]
    both: int
    commands_today: int
    commands_candidate: int
    recorded: int  # findings of this rule the judge really wrote in that time about these devices
    places: list[Share]
    project: int = 0  # 0 = the whole region
    left_out: int = 0  # devices there with a word of their own, which the changes would not reach

    @property
    def readings_per_second(self) -> int:
        """Speed of the whole run, reading included."""
        return round(self.readings / self.seconds) if self.seconds else 0


class Episodes:
    """What one run of a detector said, by episode."""

    def __init__(self, start: int) -> None:
        self.start = start  # what began earlier only warmed the detector up
        self._hits: dict[str, Hit] = {}
        self.commands = 0

    def take(self, said: Iterable[Statement], code: str) -> None:
        """Statements of the rule under test; a detector may speak for others as well."""
        for one in said:
            if isinstance(one, Command):
                self.commands += one.origin == f"rule:{code}" and one.issued_at >= self.start
            elif one.rule == code:
                self._finding(one)

    def _finding(self, found: Finding) -> None:
        hit = self._hits.get(found.key)
        if hit is None:
            if found.act is not Act.RAISE or found.at < self.start:
                return
            hit = self._hits[found.key] = Hit(
                found.subject,
                found.site,
                found.region,
                found.device,
                found.since,
                None,
                found.value,
                found.limit,
                found.unit,
                found.message,
                found.count,
            )
        hit.count = max(hit.count, found.count)
        if found.act is Act.CLEAR:
            hit.until = found.at
            return
        hit.message = found.message or hit.message
        if found.value is not None:
            hit.value = found.value

    def hits(self) -> list[Hit]:
        """In order of time."""
        return sorted(self._hits.values(), key=lambda h: (h.since, h.subject))


def back_test(
    dsn: str,
    kinds: Sequence[type[Detector]],
    code: str,
    start: int,
    end: int,
    *,
    changes: Mapping[str, Value] | None = None,
    place: Place = NATION,
    progress: Callable[[float], None] | None = None,
    store: ArchiveStore = NO_STORE,
) -> BackTest:
    """Run rule `code` over the rows with device time in [start, end) µs; `changes` are parameters the place would set.

    Raises NoSuchRule, ValueError for a stretch or parameters that make no sense, psycopg.OperationalError when the
    database is away, OSError when a file of the archive is.
    """
    if end <= start:
        raise ValueError("结束时间应晚于开始时间")
    began = time.perf_counter()
    with psycopg.connect(dsn, autocommit=True) as connection:
        registry = _registry(connection)
        rules = _rules(registry, code)
        kind = next((k for k in kinds if rules[0].detector in _judges(k)), None)
        if kind is None:
            raise NoSuchRule(f"规则 {code} 的检测方法 {rules[0].detector} 未安装")
        reached = reach(registry, code, place, changes or {})
        chosen = with_linked(registry, reached.devices)
        runs = [_configured(kind, chosen, reached.today, code)]
        if changes:
            runs.append(_configured(kind, chosen, reached.tried, code))
            _known(runs[-1], reached.today, code, changes)
        told = [Episodes(start) for _ in runs]
        rows = readings = 0
        of_any: frozenset[str] = getattr(kind, "of_any", frozenset())
        kinds_read = [p for p in PROFILES if p in of_any or any(d.profile == p for d in chosen)]
        numbers = [d.number for d in chosen]
        rate = sum(1 / max(1, d.interval_s) for d in chosen)
        for step in steps(connection, start - WARM, end, numbers, kinds_read, rate, store):
            for profile, columns in step.parts:
                rows += len(columns.device)
                readings += columns.values.size
                block = Block(1, "", "history", profile, len(columns.device))
                for run, kept in zip(runs, told, strict=True):
                    kept.take(run.see(block, columns), code)
            for run, kept in zip(runs, told, strict=True):
                kept.take(run.tick(step.until), code)
            if progress is not None:
                progress(min(1.0, max(0.0, (step.until - start) / (end - start))))
        recorded = _recorded(connection, code, start, end, reached.devices)
    today, candidate = told[0].hits(), told[-1].hits()
    gone, new = _differing(today, candidate), _differing(candidate, today)
    return BackTest(
        rule=code,
        title=rules[0].title,
        detector=rules[0].detector,
        start=start,
        end=end,
        region=place.region,
        changes=dict(changes or {}),
        devices=_spoken_of(reached.devices, rules, code),
        rows=rows,
        readings=readings,
        seconds=time.perf_counter() - began,
        today=today,
        candidate=candidate,
        only_today=gone,
        only_candidate=new,
        both=len(today) - len(gone),
        commands_today=told[0].commands,
        commands_candidate=told[-1].commands,
        recorded=recorded,
        places=_places(registry, today, candidate),
        project=place.project,
        left_out=reached.left_out,
    )


def _registry(connection: psycopg.Connection[Any]) -> Registry:
    row = connection.execute("SELECT body FROM fast.registry").fetchone()
    if row is None:
        raise NoSuchRule("尚未发布任何设备和规则")
    return registries.decode(bytes(row[0]))


def _rules(registry: Registry, code: str) -> list[RuleEntry]:
    """Entries of a rule, those that are switched off left out."""
    found = [r for r in registry.rules if r.code == code and r.detector != OFF]
    if not found:
        known = "、".join(sorted({r.code for r in registry.rules if r.detector != OFF}))
        raise NoSuchRule(f"没有规则 {code}；现有规则：{known or '无'}")
    return found


def _spoken_of(devices: Sequence[DeviceEntry], rules: Sequence[RuleEntry], code: str) -> int:
    """How many devices the rule speaks of."""
    book, judged = Rulebook(rules), profiles(rules, code)
    return sum(
        d.profile in judged and book.entry(code, d.region, project=d.project) is not None for d in devices
    )


def _configured(kind: type[Detector], devices: Sequence[DeviceEntry], rules: Rules, code: str) -> Detector:
    """A fresh detector with this rule. Raises ValueError for parameters that make no sense."""
    # a linkage is made of several rules; any other kind is tested alone
    family = _judges(kind) if len(_judges(kind)) > 1 else ()
    # on trial a rule gives no orders; a back-test wants to know which ones it would have given
    used = tuple(
        msgspec.structs.replace(r, shadow=False) for r in rules if r.code == code or r.detector in family
    )
    detector = kind()
    detector.configure(Registry(1, tuple(devices), used), [r for r in used if r.detector in _judges(kind)])
    problems = [p for p in getattr(detector, "problems", []) if p.startswith(code)]
    if problems:
        raise ValueError(f"参数不合理：{problems[0]}")
    return detector


def _known(detector: Detector, rules: Rules, code: str, changes: Mapping[str, Value]) -> None:
    """Raises ValueError for parameters that the rule does not have."""
    if not isinstance(detector, LaneDetector):
        return
    known = detector.parameters(code) | {n for r in rules if r.code == code for n in r.params}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise ValueError(f"规则没有参数 {'、'.join(unknown)}；可用参数：{'、'.join(sorted(known))}")


def _judges(kind: type[Detector]) -> tuple[str, ...]:
    """Kinds of rules a detector judges: its own, and those it keeps inside."""
    return (kind.name, *getattr(kind, "also", ()))


def _recorded(
    connection: psycopg.Connection[Any], code: str, start: int, end: int, devices: Sequence[DeviceEntry]
) -> int:
    subjects = sorted({f"device:{d.number}" for d in devices} | {f"site:{d.site}" for d in devices})
    row = connection.execute(
        "SELECT count(*) FROM fast.finding_inbox WHERE act = 'raise' AND starts_with(key, %s) AND at_us >= %s AND at_us < %s"
        " AND split_part(key, '|', 2) = ANY(%s)",
        [f"{code}|", start, end, subjects],
    ).fetchone()
    return int(row[0]) if row else 0


def _differing(these: Sequence[Hit], those: Sequence[Hit]) -> list[Hit]:
    """Episodes with no overlapping one of the same subject on the other side."""
    by_subject: dict[str, list[Hit]] = {}
    for hit in those:
        by_subject.setdefault(hit.subject, []).append(hit)
    return [h for h in these if not any(_overlap(h, other) for other in by_subject.get(h.subject, ()))]


def _overlap(a: Hit, b: Hit) -> bool:
    never = 1 << 62
    return a.since <= (b.until or never) and b.since <= (a.until or never)


def _places(registry: Registry, today: Sequence[Hit], candidate: Sequence[Hit]) -> list[Share]:
    """Where, most of it first."""
    known = {d.number: d for d in registry.devices}
    places: dict[tuple[int, int], Share] = {}
    for hits, name in ((today, "today"), (candidate, "candidate")):
        for hit in hits:
            device = known.get(hit.device)
            place = places.setdefault(
                (hit.site, hit.device),
                Share(
                    hit.site,
                    hit.region,
                    hit.device,
                    device.code if device else "",
                    device.title if device else "",
                    0,
                    0,
                ),
            )
            setattr(place, name, getattr(place, name) + 1)
    return sorted(places.values(), key=lambda p: (-max(p.today, p.candidate), p.site, p.device))


def span_seconds(hit: Hit, end: int) -> int:
    """How long an episode lasted; an open one until the end of the test."""
    return max(0, ((hit.until or end) - hit.since) // SECOND)
