"""A level above leaves less room than before: what stands outside it below is held to the room, as a version of its own from that day on.

So nothing in force ever lies outside the room, and the place's own history says what was changed, when and why.
"""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.packs.models import PackRule, PackValue
from siteloop.foundation.packs.resolve import WHY, Bounds, bounds_above, key_of, named, reading

Row = PackRule | PackValue
COPIED = {"id", "pack", "version", "effective_from", "effective_to", "edited", "reason", "set_by", "set_at"}


def versions(today: dt.date) -> list[Row]:
    """New versions of what leaves its room today or on a later day that is known, not yet written.

    One that is made for one day may leave the room of a later one: ask again until there is none.
    """
    return [_held(row, room, day) for row, room, day in _outside(today)]


def _outside(today: dt.date) -> list[tuple[Row, Bounds, dt.date]]:
    """(row, room, first day) of every row that counts somewhere on that day and leaves its room."""
    with reading(anew=True) as book:
        known: list[Row] = [*book.rows(PackRule), *book.rows(PackValue)]
        starts = {r.effective_from for r in known if r.bounds}
        days = sorted({today} | {day for day in starts if day is not None and day > today})
        found: dict[tuple[type[Row], int, str], tuple[Row, Bounds, dt.date]] = {}
        lower = [p for p in book.packs() if p.region_code or p.project_id]
        for day in days:
            for pack in lower:
                rows: list[Row] = [*book.newest(PackRule, [pack.pk], day)]
                rows += book.newest(PackValue, [pack.pk], day)
                for row in rows:
                    room = bounds_above(key_of(row), pack, type(row), day)
                    if _within(stated(row), room) != stated(row):
                        found.setdefault((type(row), pack.pk, key_of(row)), (row, room, day))
    return list(found.values())


def stated(row: Row) -> dict[str, Any]:
    """What a row says, by names."""
    return dict(row.params) if isinstance(row, PackRule) else named(row.value)


def _within(said: dict[str, Any], room: Bounds) -> dict[str, Any]:
    """The numbers held to the room; a recovery value goes with its limit."""
    held = dict(said)
    for name, (low, high) in room.items():
        number = said.get(name)
        if isinstance(number, int | float) and not isinstance(number, bool):
            held[name] = min(max(number, low), high)
    if held != said and isinstance(held.get("on"), int | float) and isinstance(held.get("off"), int | float):
        is_below = held.get("direction", "above") == "below"
        held["off"] = (max if is_below else min)(held["off"], held["on"])
    return held


def _held(row: Row, room: Bounds, day: dt.date) -> Row:
    name = "key" if isinstance(row, PackValue) else "code"
    before: list[Row] = list(type(row).objects.unscoped(WHY).filter(pack=row.pack, **{name: key_of(row)}))
    later = [v.effective_from for v in before if v.effective_from is not None and v.effective_from > day]
    ends = [row.effective_to, *(start - dt.timedelta(days=1) for start in later)]
    said, held = stated(row), _within(stated(row), room)
    told = "，".join(f"{n} {said[n]:g}→{held[n]:g}" for n in held if held[n] != said[n])
    fields = {f.name: getattr(row, f.name) for f in row._meta.concrete_fields if f.name not in COPIED}
    if isinstance(row, PackRule):
        fields["params"] = held
    else:
        fields["value"] = held if isinstance(row.value, dict) else held["value"]
    made: Row = type(row)(
        pack=row.pack,
        version=max(v.version for v in before) + 1,
        effective_from=day,
        effective_to=min((end for end in ends if end is not None), default=None),
        edited=row.edited,
        reason=f"上级缩小了可调范围：{told}"[:300],
        set_by="规则包",
        set_at=timezone.now(),
        **fields,
    )
    return made
