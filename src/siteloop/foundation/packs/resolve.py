"""What counts where: nation → province → city → county → zone → project overlay, the nearest row wins, within the bounds above it."""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeVar

from django.utils import timezone

from siteloop.foundation.packs.models import EligibilityRule, Pack, PackRule, PackValue
from siteloop.foundation.regions.names import ancestors
from siteloop.foundation.registry.models import Project
from siteloop.framework.action import Refused

WHY = "the rules in force are worked out from all packs"
R = TypeVar("R", PackRule, PackValue, EligibilityRule)
Bounds = dict[str, Any]  # name -> [low, high]


class Book:
    """All packs as they stood when first looked at: one query a table, however many questions are asked."""

    def __init__(self) -> None:
        self._packs: list[Pack] | None = None
        self._rows: dict[Any, list[Any]] = {}
        self._by_pack: dict[tuple[Any, dt.date], dict[int, list[Any]]] = {}
        self._chains: dict[tuple[Any, ...], list[Pack]] = {}
        self.judging: dict[tuple[Any, ...], list[EligibilityRule]] = {}  # kept by `eligibility.rules_for`

    @cached_property
    def today(self) -> dt.date:
        """The day asked about where none is named."""
        return timezone.localdate()

    @cached_property
    def _speaking(self) -> set[int | None]:
        """Projects with a pack of their own; all others share their region's chain."""
        return {pack.project_id for pack in self.packs()}

    def packs(self) -> list[Pack]:
        """Every pack."""
        if self._packs is None:
            self._packs = list(Pack.objects.unscoped(WHY))
        return self._packs

    def rows(self, model: type[R]) -> list[R]:
        """Every row of a kind that may count, oldest version first."""
        if model not in self._rows:
            found = model.objects.unscoped(WHY).filter(proposed=False).select_related("pack")
            self._rows[model] = list(found.order_by("version", "pk"))
        rows: list[R] = self._rows[model]
        return rows

    def chain(
        self, region_code: str, zone: str = "", on: dt.date | None = None, project: int | None = None
    ) -> list[Pack]:
        """Packs in force over a place, from the nation down; a zone's pack stands below its region's, a project's below all."""
        asked = region_code, zone, on or self.today, project if project in self._speaking else None
        if asked not in self._chains:
            self._chains[asked] = self._chain(*asked)
        return self._chains[asked]

    def _chain(self, region_code: str, zone: str, day: dt.date, project: int | None) -> list[Pack]:
        codes = {"", *ancestors(region_code)}
        found = [
            p
            for p in self.packs()
            if (p.project_id == project if p.project_id else p.region_code in codes and p.zone in ("", zone))
            and in_force(p, day)
        ]
        return sorted(found, key=lambda p: (bool(p.project_id), len(p.region_code), bool(p.zone), p.pk))

    def newest(self, model: type[R], pack_ids: Iterable[int], on: dt.date | None = None) -> list[R]:
        """Of each key in each pack the version that counts on a day."""
        by_pack = self._newest_by_pack(model, on or self.today)
        return [row for pack_id in dict.fromkeys(pack_ids) for row in by_pack.get(pack_id, ())]

    def _newest_by_pack(self, model: type[R], day: dt.date) -> dict[int, list[R]]:
        """All versions that count on a day, sorted out once however many places are asked about."""
        if (model, day) not in self._by_pack:
            newest: dict[tuple[int, str], R] = {}
            for row in self.rows(model):
                if in_force(row, day):
                    newest[row.pack_id, key_of(row)] = row
            found: dict[int, list[R]] = {}
            for row in newest.values():
                found.setdefault(row.pack_id, []).append(row)
            self._by_pack[model, day] = found
        known: dict[int, list[R]] = self._by_pack[model, day]
        return known


_shared: ContextVar[Book | None] = ContextVar("packs_book", default=None)


@contextmanager
def reading(anew: bool = False) -> Iterator[Book]:
    """Ask many questions for the price of one; inside, changes made meanwhile are not seen. `anew`: nor a shared book from before."""
    book = (None if anew else _shared.get()) or Book()
    token = _shared.set(book)
    try:
        yield book
    finally:
        _shared.reset(token)


def book() -> Book:
    """The shared one inside `reading()`, otherwise a fresh one."""
    return _shared.get() or Book()


def key_of(row: PackRule | PackValue | EligibilityRule) -> str:
    """What a row is about."""
    return row.key if isinstance(row, PackValue) else row.code


def in_force(row: Any, day: dt.date) -> bool:
    """Whether a pack or row counts on a day; both ends inclusive, open ends allowed."""
    return (row.effective_from is None or row.effective_from <= day) and (
        row.effective_to is None or row.effective_to >= day
    )


def chain(region_code: str, zone: str = "", on: dt.date | None = None) -> list[Pack]:
    """Packs in force over a place, from the nation down."""
    return book().chain(region_code, zone, on)


#: Keys of values that one project may have of its own; every reader asks for them with the project. Filled when the
#: program starts by those who ask: the terms of the loops (cases.catalogue), and what a system reads for one project
#: (`OF_PROJECTS` in its settings): parts of the works, monitors by floor area, side supervision, presence, reports.
#: All else is of a region by nature and stays so:
#: - figures, scores and their yardsticks (online and installation rate, coverage, credit, evaluation, decision, limits
#:   of the map's colours): they compare projects, so all are measured alike;
#: - what the law or a published list gives everybody alike (penalties, hearings, the papers, stages and departments of
#:   a business, whether open cases stop a completion) and draws by lot, where every object must stand in the same pot;
#: - what a lock reaches: an enterprise's lock holds its other projects too;
#: - numbering of documents, keeping of data, terms of persons, enterprises and tickets: no single project is meant.
OF_PROJECTS: set[str] = set()


def row(
    key: str, region_code: str, on: dt.date | None = None, zone: str = "", project: int | None = None
) -> PackValue | None:
    """The value row that counts at a place, or for a project there, on a day."""
    asked = book()
    rank = {pack.pk: i for i, pack in enumerate(asked.chain(region_code, zone, on, project))}
    found = [r for r in asked.newest(PackValue, rank, on) if r.key == key]
    return max(found, key=lambda r: rank[r.pack_id], default=None)


def value(
    key: str, region_code: str, on: dt.date | None = None, zone: str = "", project: int | None = None
) -> Any:
    """The value that counts, None when no pack states it."""
    found = row(key, region_code, on, zone, project)
    return found.value if found is not None else None


def for_project(key: str, project: Project) -> Any:
    """The value that counts for a project today, None when no pack states it. Raises KeyError for a key of regions only."""
    if key not in OF_PROJECTS:
        raise KeyError(f"{key} is not among OF_PROJECTS: nobody could set it for a project")
    return value(key, project.region_code, project=project.pk)


def personal_data_term(region_code: str) -> int | None:
    """Days a person's data are kept after they are no longer needed; None when no pack states it."""
    days = value("people.keep_days", region_code)
    return int(days) if days is not None else None


def rules(region_code: str, on: dt.date | None = None, project: int | None = None) -> dict[str, PackRule]:
    """Rule code -> the rule row that counts at a place, or for a project there; disabled ones are left out."""
    asked = book()
    rank = {pack.pk: i for i, pack in enumerate(asked.chain(region_code, on=on, project=project))}
    found: dict[str, PackRule] = {}
    for rule in sorted(asked.newest(PackRule, rank, on), key=lambda r: rank[r.pack_id]):
        found[rule.code] = rule
    return {code: rule for code, rule in found.items() if rule.enabled}


def named(stated: Any) -> dict[str, Any]:
    """A value as bounds see it: a table by its names, a plain number as `value`."""
    return dict(stated) if isinstance(stated, dict) else {"value": stated}


def later_starts(key: str, model: type[PackRule] | type[PackValue], since: dt.date) -> list[dt.date]:
    """Days after `since` on which a version of a rule or value begins somewhere."""
    asked = book()
    rows: list[PackRule | PackValue] = [
        *(asked.rows(PackRule) if model is PackRule else asked.rows(PackValue))
    ]
    found = {r.effective_from for r in rows if key_of(r) == key and r.effective_from is not None}
    return sorted(day for day in found if day > since)


def check_bounds(new: dict[str, Any], bounds: Bounds, on: dt.date | None = None) -> None:
    """Raises Refused 422 when a lower level leaves the room the level above gives it, now or from a later day on."""
    wrong = {}
    for name, number in new.items():
        room = bounds.get(name)
        if room is None or not isinstance(number, int | float) or isinstance(number, bool):
            continue
        low, high = room
        if not low <= number <= high:
            wrong[name] = [f"上级允许范围为 {low:g}–{high:g}"]
    if wrong:
        words = "；".join(f"{name}：{'，'.join(told)}" for name, told in wrong.items())
        since = f"自 {on} 起" if on is not None and on > timezone.localdate() else ""
        raise Refused(f"{since}超出上级允许的范围（{words}）", status=422, errors=wrong)


def bounds_above(
    key: str, pack: Pack, model: type[PackRule] | type[PackValue] = PackRule, on: dt.date | None = None
) -> Bounds:
    """The room all packs above a pack leave it together: nobody can widen what stands higher."""
    asked = book()
    above = [p for p in _over(asked, pack, on) if p.pk != pack.pk and _stands_above(p, pack)]
    room: Bounds = {}
    ids = [p.pk for p in above]
    stated: list[PackRule | PackValue] = [
        *(asked.newest(PackRule, ids, on) if model is PackRule else asked.newest(PackValue, ids, on))
    ]
    for found in stated:
        if key_of(found) != key:
            continue
        for name, (low, high) in found.bounds.items():
            known_low, known_high = room.get(name, (low, high))
            room[name] = [max(low, known_low), min(high, known_high)]
    return room


def enforcing_above(code: str, pack: Pack, on: dt.date | None = None) -> list[PackRule]:
    """Rules of that code which the packs above have in force, not merely on trial: the place may be stricter, not laxer."""
    asked = book()
    ids = [p.pk for p in _over(asked, pack, on) if _stands_above(p, pack)]
    rows = asked.newest(PackRule, ids, on)
    return [row for row in rows if row.code == code and row.enabled and not row.shadow]


def _over(asked: Book, pack: Pack, on: dt.date | None) -> list[Pack]:
    return asked.chain(pack.region_code, pack.zone, on, pack.project_id)


def _stands_above(higher: Pack, lower: Pack) -> bool:
    if higher.project_id or lower.project_id:
        return not higher.project_id
    return len(higher.region_code) < len(lower.region_code) or (bool(lower.zone) and not higher.zone)
