"""The devices as a fleet: who is there, who sends valid data, whose papers run out.

The database finds, counts and sorts; only the devices that are shown become records. A fixed number of queries.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from siteloop.foundation.registry.models import AnnualInspection, Calibration, Device
from siteloop.foundation.telemetry import online
from siteloop.foundation.telemetry.rates import Measure, Unit, period, shares
from siteloop.framework.viewer import Viewer

SOON = dt.timedelta(days=30)  # a paper that runs out within this is due
STATES = ("online", "offline", "never")

#: one line a device of those in scope; only names of our own stand in it, what a person asks for is always a parameter
TOLD = """
WITH told AS (
    SELECT d.number, d.code, coalesce(nullif(d.title, ''), d.code) AS title, d.profile, d.region_code, d.interval_s,
        s.name AS site, coalesce(o.name, '') AS supplier, d.model_name, d.firmware,
        l.received_at AS heard, now() - l.received_at AS age,
        CASE WHEN l.received_at IS NULL THEN 'never'
            WHEN {online} THEN 'online'
            ELSE 'offline' END AS state,
        inspected.until AS inspection, calibrated.until AS calibration
    FROM registry_device d
    JOIN registry_site s ON s.id = d.site_id
    LEFT JOIN authority_organisation o ON o.id = d.supplier_id
    LEFT JOIN telemetry.latest l ON l.device = d.number
    LEFT JOIN (SELECT device_id, max(valid_until) AS until FROM registry_annualinspection
        WHERE result = 'passed' GROUP BY device_id) inspected ON inspected.device_id = d.number
    LEFT JOIN (SELECT device_id, max(valid_until) AS until FROM registry_calibration
        GROUP BY device_id) calibrated ON calibrated.device_id = d.number
    WHERE d.number = ANY(%(numbers)s)
)
""".replace("{online}", online.CONDITION)
PAPER = """(CASE WHEN {0} IS NULL THEN 'missing' WHEN {0} < %(today)s THEN 'overdue'
    WHEN {0} <= %(soon)s THEN 'soon' ELSE 'valid' END)"""
WORDS = " || ' ' || ".join(("code", "title", "site", "model_name", "firmware"))
#: what a person may ask for -> the condition
CONDITIONS = {
    "profile": "profile = %(profile)s",
    "town": "starts_with(region_code, %(town)s)",
    "supplier": "supplier = %(supplier)s",
    "state": "state = %(state)s",
    "due": f"%(due)s IN ({PAPER.format('inspection')}, {PAPER.format('calibration')})",
    "search": f"position(lower(%(search)s) IN lower({WORDS})) > 0",
}
#: what can be sorted by -> the expression; the code decides between equals
ORDERS = {
    "code": 'title COLLATE "C"',
    "site": 'site COLLATE "C"',
    "state": "array_position(ARRAY['online', 'offline', 'never'], state)",
    "age": "coalesce(age, interval '100 years')",
    "model": "model_name COLLATE \"C\" || ' ' || firmware",
    "supplier": 'supplier COLLATE "C"',
    "inspection": "coalesce(inspection, '0001-01-01')",
    "calibration": "coalesce(calibration, '0001-01-01')",
}
#: sorted by figures that are counted from the stored rows
MEASURES: dict[str, Callable[[Measure], float]] = {
    "online": lambda m: m.online_rate or 0.0,
    "valid": lambda m: m.valid_rate or 0.0,
    "fault": lambda m: m.fault_rate or 0.0,
}
SORTS = (*ORDERS, *MEASURES, "quarantine")


@dataclass(frozen=True)
class Member:
    """One device of the fleet. `state` is online, offline or never (nothing received so far)."""

    device: Device
    state: str
    last_at: dt.datetime | None
    age: dt.timedelta | None
    measure: Measure
    quarantined: int
    calibration_until: dt.date | None
    inspection_until: dt.date | None

    @property
    def site_name(self) -> str:
        """Where it stands."""
        return str(self.device.site.name)

    @property
    def supplier_name(self) -> str:
        """Who looks after it, "" for nobody."""
        return str(self.device.supplier.name) if self.device.supplier else ""


@dataclass(frozen=True)
class Census:
    """The whole fleet in scope: how many in each state, and what it can be filtered by."""

    states: dict[str, int]
    profiles: tuple[str, ...]
    towns: tuple[str, ...]
    suppliers: tuple[str, ...]

    @property
    def total(self) -> int:
        """All devices."""
        return sum(self.states.values())


def due(until: dt.date | None, today: dt.date) -> str:
    """missing, overdue, soon or valid."""
    if until is None:
        return "missing"
    return "overdue" if until < today else "soon" if until <= today + SOON else "valid"


class Fleet:
    """Devices in the viewer's scope that are not retired; rates and quarantine of the last `days` days."""

    def __init__(self, viewer: Viewer, days: int) -> None:
        self.viewer = viewer
        self.now = timezone.now()
        self.start, self.end = period(self.now, days)
        rows = Device.objects.visible_to(viewer).exclude(state="retired")
        self.numbers = list(rows.values_list("number", flat=True).order_by())

    def census(self) -> Census:
        """Counted before any filter."""
        rows = self._asked(
            "SELECT state, profile, region_code, supplier, count(*) FROM told GROUP BY 1, 2, 3, 4"
        )
        states: Counter[str] = Counter()
        for state, *_, n in rows:
            states[state] += n
        profiles, towns, suppliers = (sorted({row[at] for row in rows} - {""}) for at in (1, 2, 3))
        return Census({s: states[s] for s in STATES}, tuple(profiles), tuple(towns), tuple(suppliers))

    def fitting(self, asked: dict[str, str]) -> list[int]:
        """Numbers of the devices that fit `asked` (names of CONDITIONS, "" for anything), in the order of asked["sort"]."""
        sort = asked.get("sort", "")
        name, direction = sort.removeprefix("-"), "DESC" if sort.startswith("-") else "ASC"
        given = {n: asked.get(n, "").strip() for n in CONDITIONS}
        where = " AND ".join(CONDITIONS[n] for n, value in given.items() if value) or "true"
        order = f"{ORDERS[name]} {direction}, code" if name in ORDERS else "code"
        rows = self._asked(
            f"SELECT number, profile, interval_s FROM told WHERE {where} ORDER BY {order}",  # noqa: S608 - of the constants above
            given,
        )
        if name not in SORTS or name in ORDERS:
            return [number for number, *_ in rows]
        figures = self._figures(
            name, [Unit(number, profile, every, "", "") for number, profile, every in rows]
        )
        return sorted(figures, key=lambda n: figures[n], reverse=direction == "DESC")

    def members(self, numbers: Sequence[int]) -> list[Member]:
        """These devices as records, in this order; seven queries."""
        rows = Device.objects.visible_to(self.viewer).filter(number__in=numbers)
        devices = {d.number: d for d in rows.select_related("site", "supplier")}
        known = shares(list(devices.values()), self.start, self.end)
        heard, refused = self._heard(numbers), _quarantined(numbers, self.start)
        calibrated = _until(Calibration.objects.visible_to(self.viewer), numbers)
        inspected = _until(AnnualInspection.objects.visible_to(self.viewer).filter(result="passed"), numbers)
        return [
            Member(
                devices[n],
                *heard[n],
                known[n],
                refused.get(n, 0),
                calibrated.get(n),
                inspected.get(n),
            )
            for n in numbers
            if n in devices
        ]

    def _heard(
        self, numbers: Sequence[int]
    ) -> dict[int, tuple[str, dt.datetime | None, dt.timedelta | None]]:
        """Number -> state, last row, its age."""
        rows = self._asked("SELECT number, state, heard, age FROM told", numbers=numbers)
        return {number: (state, heard, age) for number, state, heard, age in rows}

    def _figures(self, name: str, units: list[Unit]) -> dict[int, float]:
        if name == "quarantine":
            refused = _quarantined([u.number for u in units], self.start)
            return {u.number: refused.get(u.number, 0) for u in units}
        known = shares(units, self.start, self.end)
        return {u.number: MEASURES[name](known[u.number]) for u in units}

    def _asked(
        self, statement: str, given: dict[str, str] | None = None, numbers: Sequence[int] | None = None
    ) -> list[tuple[Any, ...]]:
        today = timezone.localdate(self.now)
        with connection.cursor() as cursor:
            cursor.execute(
                TOLD + statement,
                {
                    **(given or {}),
                    "numbers": list(self.numbers if numbers is None else numbers),
                    "today": today,
                    "soon": today + SOON,
                },
            )
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows


def _quarantined(numbers: Sequence[int], since: dt.datetime) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT device, count(*) FROM fast.quarantine WHERE device = ANY(%s) AND received_at >= %s GROUP BY device",
            [list(numbers), since],
        )
        return dict(cursor.fetchall())


def _until(papers: Any, numbers: Sequence[int]) -> dict[int, dt.date]:
    """Device -> how far its newest paper reaches."""
    found = papers.filter(device__in=numbers, valid_until__isnull=False)
    return dict(found.values_list("device_id").annotate(Max("valid_until")).order_by())
