"""How a rule or value came to stand as it does at one place: what each level says, which one counts, what room is left, who changed it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from siteloop.foundation.packs import meaning
from siteloop.foundation.packs.models import Pack, PackRule, PackValue
from siteloop.foundation.packs.resolve import Book, Bounds, bounds_above, in_force, key_of, named
from siteloop.foundation.packs.wording import parameter
from siteloop.framework.language import term

Row = PackRule | PackValue
WHY = "packs are public to read"


@dataclass(frozen=True)
class Rung:
    """One level over the place; `row` is what it says, None when it says nothing."""

    pack: Pack
    row: Row | None
    counts: bool


@dataclass(frozen=True)
class Standing:
    """One rule or value at a place. `room` is what the levels above leave the place; `own` the place's own row."""

    key: str
    row: Row
    rungs: tuple[Rung, ...]
    own: Row | None
    room: Bounds

    @property
    def is_own(self) -> bool:
        """Whether the place itself says it."""
        return self.own is not None


@dataclass(frozen=True)
class Number:
    """One number of a row that can be set: its present value and its room."""

    name: str
    title: str
    value: float
    low: float | None
    high: float | None


def standings(model: type[Row], region: str, on: dt.date, project: int | None = None) -> list[Standing]:
    """Everything in force at a region, or for a project there, by key. Zones are left out: they have no numbers of their own here."""
    book = Book()
    packs = [p for p in book.chain(region, on=on, project=project) if not p.zone]
    newest: Sequence[Row] = (
        book.newest(PackRule, [p.pk for p in packs], on)
        if model is PackRule
        else book.newest(PackValue, [p.pk for p in packs], on)
    )
    by_key: dict[str, dict[int, Row]] = {}
    for row in newest:
        by_key.setdefault(key_of(row), {})[row.pack_id] = row
    return [_standing(key, packs, said, region, project) for key, said in sorted(by_key.items())]


def standing(
    model: type[Row], key: str, region: str, on: dt.date, project: int | None = None
) -> Standing | None:
    """One of them, with its room; None when no level says anything."""
    found = next((s for s in standings(model, region, on, project) if s.key == key), None)
    if found is None:
        return None
    here = next((r.pack for r in found.rungs if _is_of(r.pack, region, project)), None)
    room = bounds_above(key, here or Pack(region_code=region, project_id=project), model, on)
    if not room and not region:
        room = dict(found.row.bounds)
    return Standing(found.key, found.row, found.rungs, found.own, room)


def _is_of(pack: Pack, region: str, project: int | None) -> bool:
    """Whether the place itself speaks by this pack."""
    return pack.project_id == project and (project is not None or pack.region_code == region)


def _standing(
    key: str, packs: list[Pack], said: dict[int, Row], region: str, project: int | None
) -> Standing:
    nearest = [p for p in packs if p.pk in said][-1]
    rungs = tuple(Rung(p, said.get(p.pk), p.pk == nearest.pk) for p in packs)
    own = next((r.row for r in rungs if r.row is not None and _is_of(r.pack, region, project)), None)
    return Standing(key, said[nearest.pk], rungs, own, {})


def history(model: type[Row], key: str, region: str, project: int | None = None) -> list[Row]:
    """Every version of it on the way down to a place, newest first; those that wait for approval too."""
    codes = {region[:n] for n in (0, 2, 4, 6, 9) if len(region) >= n}
    found = [
        row
        for row in _about(model, key)
        if (row.pack.project_id == project if row.pack.project_id else row.pack.region_code in codes)
    ]
    return sorted(
        found,
        key=lambda row: (bool(row.pack.project_id), len(row.pack.region_code), row.version),
        reverse=True,
    )


def _about(model: type[Row], key: str) -> list[Row]:
    """All versions of one rule or value in the packs of regions."""
    if model is PackRule:
        return list(PackRule.objects.unscoped(WHY).filter(code=key, pack__zone="").select_related("pack"))
    return list(PackValue.objects.unscoped(WHY).filter(key=key, pack__zone="").select_related("pack"))


def stated(row: Row) -> dict[str, Any]:
    """What a row says, by names."""
    return dict(row.params) if isinstance(row, PackRule) else named(row.value)


def numbers(row: Row, room: Bounds) -> list[Number]:
    """The numbers of a row that people set."""
    found = []
    said = stated(row)
    for name in meaning.ordered(said):
        value = said[name]
        if isinstance(value, int | float) and not isinstance(value, bool):
            low, high = room.get(name, (None, None))
            if isinstance(row, PackRule):
                title, unit = meaning.title(name), meaning.unit(row, name)
            else:
                title, unit = parameter(name), term(row.unit) if name == "value" else ""
            title = f"{title}（{unit}）" if unit else title
            found.append(Number(name, title, value, low, high))
    return found


def lower(model: type[Row], key: str, region: str, on: dt.date) -> list[Row]:
    """Rows of places and projects inside the region that say it for themselves: a change here does not reach them."""
    found: dict[int, Row] = {}
    for row in sorted(_about(model, key), key=lambda row: row.version):
        is_below = row.pack.region_code != region or row.pack.project_id
        inside = is_below and row.pack.region_code.startswith(region)
        if inside and not row.proposed and in_force(row, on):
            found[row.pack_id] = row
    return list(found.values())
