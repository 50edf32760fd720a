"""`python -m siteloop.entry.rule_bench see|backtest`: what judging costs, measured on this machine; prints JSON.

`see`: blocks of 1,000 rows of 10,000 devices through every kind of rule on its own, and through 10,000 rules at once.
`backtest`: a rule over stored history in a database of its own.
"""

import argparse
import datetime as dt
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg

from siteloop.entry.detectors import detectors
from siteloop.entry.engines.postgres import Postgres
from siteloop.gateway import schema
from siteloop.gateway.binary import copying
from siteloop.gateway.history import partitions
from siteloop.gateway.judging.backtest import back_test
from siteloop.kernel import registry as registries
from siteloop.kernel.block import Block, Columns, Kind
from siteloop.kernel.profiles import DUST
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import MINUTE, SECOND, from_us
from siteloop.rules.detector import Detector

START = 1_790_000_040_000_000
ROWS = 1_000
FIELDS = len(DUST.fields)
PARAMS: dict[str, dict[str, float | int | str]] = {
    "threshold": {"field": "pm10", "on": 150},
    "window_mean": {"field": "noise", "on": 70},
    "absence": {"intervals": 3},
    "flat_line": {"field": "pm10"},
    "rate": {"field": "pm10", "on": 1000},
    "out_of_physics": {},
    "twin_streams": {},
    "clock_drift": {},
    "beside_neighbours": {"field": "pm10"},
    "spray_effect": {"field": "pm10"},
    "silent_at_work": {"intervals": 3},
    "history_gap": {},
}


def devices(n: int) -> tuple[DeviceEntry, ...]:
    """Monitors of 100 counties, a hundred metres apart, one row a minute."""
    return tuple(
        DeviceEntry(
            i,
            f"MN{i}",
            "dust",
            i // 4,
            f"33{i % 100:02d}{i % 7:02d}",
            interval_s=60,
            lon=120 + i % 100 * 0.001,
            lat=30 + i // 100 * 0.001,
        )
        for i in range(1, n + 1)
    )


def minute(n: int, number: int, seed: np.random.Generator) -> Columns:
    """One row of every device in one minute: air that moves, nothing wrong."""
    low = np.array([35, 80, 120, 60, 20, 55, 101, 2, 180], np.float32)
    values = (low[:, None] * (1 + 0.1 * seed.standard_normal((FIELDS, n)))).astype(np.float32).round(1)
    at = np.full(n, START + number * MINUTE, np.int64) + np.arange(n) % 60 * SECOND
    return Columns(
        np.arange(1, n + 1, dtype=np.int32),
        at,
        at + 500_000,
        values,
        np.zeros((FIELDS, n), np.uint8),
        np.full(n, Kind.REALTIME, np.uint8),
    )


def _blocks(n: int, minutes: int) -> list[tuple[Block, Columns]]:
    seed, made = np.random.default_rng(1), []
    for number in range(minutes):
        whole = minute(n, number, seed)
        for first in range(0, n, ROWS):
            part = copying.take(whole, np.arange(first, min(first + ROWS, n)))
            made.append((Block(1, "", "hj212", "dust", len(part.device)), part))
    return made


def see(n: int, minutes: int) -> dict[str, Any]:
    """Milliseconds a block of 1,000 rows, by kind and number of rules."""
    fleet, blocks = devices(n), _blocks(n, minutes)
    found: dict[str, Any] = {"devices": n, "rows_a_block": ROWS, "blocks": len(blocks)}
    for kind in detectors():
        if kind.name in PARAMS:
            rule = RuleEntry(kind.name, kind.name, "", 1, dict(PARAMS[kind.name]), "blue")
            found[kind.name] = _time(kind, fleet, (rule,), blocks)
    kinds = {k.name: k for k in detectors()}
    regions = sorted({d.region for d in fleet})
    by_region = tuple(
        RuleEntry(f"rule{c}", "threshold", r, 1, {"field": "pm10", "on": 400.0 + c}, "blue")
        for c in range(10_000 // len(regions))
        for r in regions
    )
    found["rules_by_region"] = len(by_region)
    found["threshold_by_region"] = _time(kinds["threshold"], fleet, by_region, blocks[: 4 * n // ROWS])
    own = tuple(
        RuleEntry(f"own{i}", "threshold", f"{d.region}{i:05d}", 1, {"field": "pm10", "on": 400.0 + i}, "blue")
        for i, d in enumerate(fleet)
    )
    alone = tuple(msgspec.structs.replace(d, region=r.region) for d, r in zip(fleet, own, strict=True))
    found["codes_of_their_own"] = len(own)
    found["threshold_of_their_own"] = _time(kinds["threshold"], alone, own, blocks[: 4 * n // ROWS])
    return found


def _time(
    kind: type[Detector], fleet: tuple[DeviceEntry, ...], rules: tuple[RuleEntry, ...], blocks: Sequence[Any]
) -> dict[str, float]:
    detector = kind()
    began = time.perf_counter()
    detector.configure(Registry(1, fleet, rules), rules)
    configured = time.perf_counter() - began
    warm = len(blocks) // 4
    for block, columns in blocks[:warm]:
        detector.see(block, columns)
    began, said = time.perf_counter(), 0
    for block, columns in blocks[warm:]:
        said += len(detector.see(block, columns))
    spent = time.perf_counter() - began
    began = time.perf_counter()
    said += len(detector.tick(int(blocks[-1][1].received_at[-1])))
    ticked = time.perf_counter() - began
    began = time.perf_counter()
    size = len(detector.dump())
    rows = sum(len(c.device) for _, c in blocks[warm:])
    return {
        "configure_s": round(configured, 3),
        "see_ms": round(1000 * spent / max(1, len(blocks) - warm), 3),
        "readings_per_s": round(rows * FIELDS / spent),
        "tick_ms": round(1000 * ticked, 2),
        "dump_ms": round(1000 * (time.perf_counter() - began), 1),
        "dump_bytes": size,
        "said": said,
    }


def stored(n: int, hours: float) -> dict[str, Any]:
    """Readings a second of a whole back-test, reading from PostgreSQL included."""
    with tempfile.TemporaryDirectory(prefix="slb") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder))
        server.start()
        try:
            return _stored(server, n, int(hours * 60))
        finally:
            server.stop()


def _ended_cpu_s(server: Postgres) -> float:
    """CPU seconds of the server's processes that have ended, such as the back-test's own connection."""
    pid = (server.folder / "postmaster.pid").read_text().split()[0]
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(times[13]) + int(times[14])) / os.sysconf("SC_CLK_TCK")


def _stored(server: Postgres, n: int, minutes: int) -> dict[str, Any]:
    dsn = server.url
    schema.migrate(dsn)
    fleet, seed = devices(n), np.random.default_rng(1)
    rules = tuple(RuleEntry(k, k, "", 1, dict(p), "blue") for k, p in PARAMS.items())
    names = ", ".join(["device", "at", "received_at", "quality", *(f.name for f in DUST.fields)])
    with psycopg.connect(dsn, autocommit=True) as connection:
        body = registries.encode(Registry(1, fleet, rules))
        connection.execute("INSERT INTO fast.registry (version, body) VALUES (1, %s)", [body])
        first = from_us(START).date()
        for day in (first, first + dt.timedelta(days=1)):
            connection.execute(partitions.statement("dust", day))
        for number in range(minutes):
            into = f"COPY telemetry.dust ({names}) FROM STDIN (FORMAT BINARY)"
            with connection.cursor() as cursor, cursor.copy(into) as copy:
                copy.write(copying.encode(minute(n, number, seed)))
        connection.execute("VACUUM ANALYZE telemetry.dust")
    found: dict[str, Any] = {"devices": n, "rows": n * minutes}
    end = START + minutes * MINUTE
    for code, changes in [*((k, None) for k in PARAMS), ("threshold", {"on": 100})]:
        began, theirs = time.process_time(), _ended_cpu_s(server)
        done = back_test(dsn, detectors(), code, START, end, changes=changes)
        own = time.process_time() - began
        time.sleep(0.3)  # the connection's process ends
        theirs = _ended_cpu_s(server) - theirs
        found[code + (" beside another" if changes else "")] = {
            "readings_per_s": done.readings_per_second,
            "own_cpu_s": round(own, 2),
            "postgres_cpu_s": round(theirs, 2),
            "readings_per_cpu_s": round(done.readings / max(own + theirs, 1e-9)),
            "found": len(done.today),
        }
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["see", "backtest"])
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--minutes", type=int, default=20)
    args = parser.parse_args(argv)
    done = see(args.devices, args.minutes) if args.what == "see" else stored(args.devices, args.minutes / 60)
    print(json.dumps(done, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
