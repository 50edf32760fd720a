"""What the tests of detectors build: a registry, rules and blocks."""

from collections.abc import Iterable

import numpy as np

from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Columns, Kind
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import MINUTE, OFFSET

#: 2026-03-02 00:00 in Shanghai, µs
MIDNIGHT = 1_772_380_800_000_000
NOON = MIDNIGHT + 12 * 60 * MINUTE
assert (MIDNIGHT + OFFSET) % (24 * 60 * MINUTE) == 0


def monitor(number: int = 1, **fields: object) -> DeviceEntry:
    """A dust monitor of site 100 + number in Xiuzhou, one row a minute."""
    given = {
        "code": f"MN{number}",
        "profile": "dust",
        "site": 100 + number,
        "region": "330411001",
        "project": 200 + number,
        "interval_s": 60,
    }
    return DeviceEntry(number=number, **{**given, **fields})  # type: ignore[arg-type]


def rule(code: str, detector: str, region: str = "", **params: float | int | str | bool) -> RuleEntry:
    """A rule entry, version 1, yellow."""
    return RuleEntry(code, detector, region, 1, params, "yellow", "示例条款", code)


def registry(devices: Iterable[DeviceEntry], rules: Iterable[RuleEntry]) -> Registry:
    """A snapshot."""
    return Registry(1, tuple(devices), tuple(rules))


Row = dict[str, object]


def row(
    device: int,
    at: int,
    *,
    kind: Kind = Kind.REALTIME,
    late: int = 0,
    flags: dict[str, Quality] | None = None,
    **values: float,
) -> Row:
    """One row; `late` is how long after `at` it was received, µs."""
    return {"device": device, "at": at, "kind": kind, "late": late, "flags": flags or {}, "values": values}


def block(rows: Iterable[Row], profile: str = "dust") -> tuple[Block, Columns]:
    """A block in the order of the rows."""
    rows = list(rows)
    known = PROFILES[profile].fields
    values = np.full((len(known), len(rows)), np.nan, np.float32)
    quality = np.full((len(known), len(rows)), Quality.ABSENT, np.uint8)
    for i, r in enumerate(rows):
        for name, value in r["values"].items():  # type: ignore[attr-defined]
            column = PROFILES[profile].index(name)
            values[column, i] = value
            quality[column, i] = r["flags"].get(name, Quality.NORMAL)  # type: ignore[attr-defined]
    at = np.array([r["at"] for r in rows], np.int64)
    columns = Columns(
        device=np.array([r["device"] for r in rows], np.int32),
        at=at,
        received_at=at + np.array([r["late"] for r in rows], np.int64),
        values=values,
        quality=quality,
        kind=np.array([r["kind"] for r in rows], np.uint8),
    )
    packed = blocks.pack(listener="test", profile=profile, columns=columns)
    return packed, blocks.columns(packed)


def feed(detector: object, rows: Iterable[Row], profile: str = "dust") -> list[Finding | Command]:
    """Feed rows as one block."""
    return detector.see(*block(rows, profile))  # type: ignore[attr-defined]


def acts(said: Iterable[Finding | Command]) -> list[str]:
    """What was said, in short."""
    return [s.act.value if isinstance(s, Finding) else s.command for s in said]


def comparable(said: Iterable[Finding | Command]) -> list[object]:
    """Order of devices inside a block does not matter."""
    return sorted(said, key=repr)
