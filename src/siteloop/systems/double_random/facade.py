"""What the public may see of double random, and nothing else: frozen answers, the same for everybody.

A draw is public from its commitment on. Seed and result are public when they are published, and also when a draw that was
already drawn is voided: a result that did not please must not vanish.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.regions.names import full_name
from siteloop.framework.language import term
from siteloop.systems.double_random.draw import ALGORITHM
from siteloop.systems.double_random.models import (
    Draw,
    DrawState,
    FrozenLists,
    Publication,
    PublicationKind,
)

WHY = "the public sees what was published, whoever asks"
KINDS: tuple[tuple[str, str], ...] = tuple((k.value, str(k.label)) for k in PublicationKind)


@dataclass(frozen=True)
class PublicDraw:
    """One draw as the public page and the files behind it show it; what is not public yet is empty."""

    number: str
    plan: str
    organisation: str
    region: str
    quarter: str
    count: int
    group_size: int
    check_from: dt.date
    check_to: dt.date
    state: str
    state_title: str
    commitment: str
    commitment_sm3: str
    committed_at: dt.datetime | None
    beacon_source: str
    inputs_sha256: str = ""
    inputs_sm3: str = ""
    frozen_at: dt.datetime | None = None
    drawn_at: dt.datetime | None = None
    published_at: dt.datetime | None = None
    voided_at: dt.datetime | None = None
    void_reason: str = ""
    replaces: str = ""  # number of the void draw
    replaced_by: str = ""
    seed: str = ""
    beacon: str = ""
    result: tuple[dict[str, Any], ...] = ()
    due_at: dt.datetime | None = None
    is_late: bool = False
    inputs: dict[str, Any] = field(default_factory=dict)  # empty until frozen, and in lists

    @property
    def is_open(self) -> bool:
        """Whether seed and result are public."""
        return bool(self.seed)

    def record(self) -> dict[str, Any]:
        """`draw.json`: what `replay_draw.py` checks the inputs against."""
        return {
            "algorithm": ALGORITHM,
            "number": self.number,
            "state": self.state,
            "commitment": self.commitment,
            "commitment_sm3": self.commitment_sm3,
            "committed_at": _iso(self.committed_at),
            "inputs_sha256": self.inputs_sha256,
            "inputs_sm3": self.inputs_sm3,
            "frozen_at": _iso(self.frozen_at),
            "beacon_source": self.beacon_source,
            "beacon": self.beacon,
            "seed": self.seed,
            "drawn_at": _iso(self.drawn_at),
            "published_at": _iso(self.published_at),
            "void_reason": self.void_reason,
            "result": list(self.result),
        }


@dataclass(frozen=True)
class PublicNotice:
    """One publication with its rows."""

    kind: str
    title: str
    draw: str
    published_at: dt.datetime
    is_late: bool
    rows: tuple[dict[str, Any], ...]


def _iso(at: dt.datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds") if at is not None else ""


def _rows() -> Any:
    return (
        Draw.objects.unscoped(WHY)
        .filter(committed_at__isnull=False)
        .select_related("plan__organisation", "redraw_of", "redraw")
        .order_by("-committed_at", "-pk")
    )


def count_draws() -> int:
    """How many draws are public."""
    return int(_rows().count())


def draws(start: int = 0, most: int = 20) -> list[PublicDraw]:
    """The newest first, without their inputs. Three queries."""
    rows = list(_rows()[start : start + most])
    due = dict(
        Publication.objects.unscoped(WHY)
        .filter(draw__in=rows, kind=PublicationKind.PROCESS)
        .values_list("draw_id", "due_at")
    )
    return [_public(row, due.get(row.pk)) for row in rows]


def draw(number: str) -> PublicDraw | None:
    """One draw with its frozen inputs; None for one that is not public."""
    row = _rows().filter(number=number).first()
    if row is None:
        return None
    due = (
        Publication.objects.unscoped(WHY)
        .filter(draw=row, kind=PublicationKind.PROCESS)
        .values_list("due_at", flat=True)
        .first()
    )
    text = inputs_text(number)
    return _public(row, due, json.loads(text) if text else {})


def inputs_text(number: str) -> str:
    """The frozen inputs, byte for byte what the digest was made of; "" before freezing."""
    return (
        FrozenLists.objects.unscoped(WHY)
        .filter(draw__number=number, draw__committed_at__isnull=False)
        .values_list("text", flat=True)
        .first()
        or ""
    )


def _public(row: Draw, due: dt.datetime | None, inputs: dict[str, Any] | None = None) -> PublicDraw:
    is_open = row.state == DrawState.PUBLISHED or (row.state == DrawState.VOID and row.drawn_at is not None)
    successor = getattr(row, "redraw", None)
    waits = due is not None and row.state == DrawState.DRAWN
    return PublicDraw(
        number=row.number,
        plan=row.plan.title,
        organisation=row.plan.organisation.name,
        region=full_name(row.region_code),
        quarter=term(row.get_quarter_display()),
        count=row.count,
        group_size=row.plan.group_size,
        check_from=row.check_from,
        check_to=row.check_to,
        state=row.state,
        state_title=term(row.get_state_display()),
        commitment=row.commitment,
        commitment_sm3=row.commitment_sm3,
        committed_at=row.committed_at,
        beacon_source=row.beacon_source,
        inputs_sha256=row.inputs_sha256,
        inputs_sm3=row.inputs_sm3,
        frozen_at=row.frozen_at,
        drawn_at=row.drawn_at,
        published_at=row.published_at,
        voided_at=row.voided_at,
        void_reason=row.void_reason,
        replaces=row.redraw_of.number if row.redraw_of else "",
        # a successor that has promised nothing yet is not public
        replaced_by=successor.number if successor is not None and successor.committed_at else "",
        seed=row.seed if is_open else "",
        beacon=row.beacon if is_open else "",
        result=tuple(row.result) if is_open else (),
        due_at=due,
        is_late=(waits and due is not None and due < timezone.now())
        or (due is not None and row.published_at is not None and row.published_at > due),
        inputs=inputs or {},
    )


def _published(kind: str) -> Any:
    return (
        Publication.objects.unscoped(WHY)
        .filter(Q(kind=kind) if kind else Q(), published_at__isnull=False)
        .exclude(draw__state=DrawState.VOID)
    )


def count_notices(kind: str = "") -> int:
    """How many publications there are, of one kind or of all."""
    return int(_published(kind).count())


def notices(kind: str = "", start: int = 0, most: int = 20) -> list[PublicNotice]:
    """Publications, the newest first. Two queries."""
    rows = _published(kind).select_related("draw").order_by("-published_at", "-pk")[start : start + most]
    return [
        PublicNotice(
            kind=row.kind,
            title=term(row.get_kind_display()),
            draw=row.draw.number,
            published_at=row.published_at,
            is_late=row.is_late(row.published_at),
            rows=tuple(row.body),
        )
        for row in rows
    ]
