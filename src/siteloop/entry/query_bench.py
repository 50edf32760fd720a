"""`siteloop bench queries --readings N`: N stored readings, then the questions a screen asks, over HTTP, while devices talk.

Rows, quarter-hour, hour and day roll-ups of thirty days are written by COPY as sink and roller would leave them; the questions go
to the real web role: the newest values of a device, and its chart of thirty days. Prints JSON.
"""

import argparse
import datetime as dt
import json
import os
import random
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from siteloop.entry import bench_fleet
from siteloop.gateway.bench import command as bench
from siteloop.gateway.bench.load import Load
from siteloop.gateway.bench.load_frames import code
from siteloop.gateway.bench.trial import Program, program
from siteloop.gateway.binary import copying
from siteloop.gateway.history import partitions
from siteloop.kernel.block import Columns, Kind
from siteloop.kernel.profiles import DUST
from siteloop.kernel.times import DAY, HOUR, MINUTE, OFFSET, from_us

DAYS = 30
FIELDS = len(DUST.fields)
ROWS = 100_000  # about so many a COPY
PACE = 10.0  # questions a second: fifty screens that ask every five seconds
TALKERS = 1_000  # devices of the load; those that are asked about stand still
#: where the values wander around, in the order of the profile
MIDDLE = np.array([35, 80, 120, 60, 20, 50, 101, 2, 180], np.float32)


def main(argv: list[str]) -> int:
    """Fill, ask, print; 1 when a p95 is above the bar of 50 ms."""
    parser = argparse.ArgumentParser(prog="siteloop bench queries")
    parser.add_argument("--readings", type=int, default=20_000_000, help="the bar is at 1,000,000,000")
    parser.add_argument(
        "--rate", type=float, default=500_000, help="readings a second that come in meanwhile"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=20,
        help="of asking, with and without load each; ten questions a second",
    )
    asked = parser.parse_args([a for a in argv if a != "--"])
    start, end = _days()
    devices = -(-asked.readings // ((end - start) // MINUTE * FIELDS))
    with program() as running:
        report = fill(running, devices, start, end)
        report["quiet"] = ask(running, devices, asked.seconds)
        if asked.rate:
            report["under_load"] = under_load(running, devices, asked.rate, asked.seconds)
    worst = report.get("under_load", report["quiet"])
    report["holds"] = all(worst[name]["p95_ms"] <= 50 for name in ("latest", "chart_30_days"))
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0 if report["holds"] else 1


# ---- filling


def _days() -> tuple[int, int]:
    """Thirty local days up to the hour before this one, microseconds."""
    end = int(time.time() * 1e6) // HOUR * HOUR - HOUR
    return (end + OFFSET) // DAY * DAY - OFFSET - (DAYS - 1) * DAY, end


def fill(running: Program, devices: int, start: int, end: int) -> dict[str, Any]:
    """A row a minute of every device; what it took."""
    begun = time.monotonic()
    with psycopg.connect(str(running.state["database_url"]), autocommit=True) as connection:
        connection.execute("UPDATE telemetry.rolled SET until = to_timestamp(%s)", [(end + HOUR) // 1e6])
        for day in range(start, end, DAY):
            _day(connection, day, min(day + DAY, end), devices)
        _latest(connection, end - MINUTE, devices)
        _register(str(running.state["database_url"]), devices)
        for table in ("dust", "dust_rollup", "latest"):
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("telemetry", table)))
        rows, size = _size(connection, "dust_2%"), _size(connection, "dust_rollup")
    return {
        "devices": devices,
        "readings": rows[0] * FIELDS,
        "filled_in_s": round(time.monotonic() - begun, 1),
        "bytes_per_reading": round(rows[1] / max(1, rows[0] * FIELDS), 1),
        "roll_up_rows": size[0],
        "roll_up_bytes_per_reading": round(size[1] / max(1, rows[0] * FIELDS), 2),
    }


def _size(connection: psycopg.Connection[Any], like: str) -> tuple[int, int]:
    row = connection.execute(
        "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint, coalesce(sum(pg_total_relation_size(oid)), 0)::bigint"
        " FROM pg_class WHERE relnamespace = 'telemetry'::regnamespace AND relname LIKE %s AND relkind = 'r'",
        [like],
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _day(connection: psycopg.Connection[Any], start: int, end: int, devices: int) -> None:
    """A local day of every device, and its roll-ups."""
    for day in {from_us(start).date(), from_us(end - 1).date()}:
        connection.execute("SET ROLE siteloop_fast")
        connection.execute(partitions.statement("dust", day))
        connection.execute("RESET ROLE")
    minutes = (end - start) // MINUTE
    step = max(1, ROWS // minutes)
    for first in range(1, devices + 1, step):
        many = np.arange(first, min(first + step, devices + 1), dtype=np.int32)
        values = _wander(len(many), minutes, first * 1_000_003 + start // DAY)
        at = np.tile(start + np.arange(minutes) * MINUTE, len(many))
        columns = Columns(
            np.repeat(many, minutes),
            at,
            at + 700_000,
            values.reshape(FIELDS, -1),
            np.zeros((FIELDS, len(at)), np.uint8),
            np.full(len(at), Kind.REALTIME, np.uint8),
        )
        _copy(
            connection, "dust", ["device", "at", "received_at", "quality", *_names()], copying.encode(columns)
        )
        for seconds in (900, 3600, 86_400):
            body = _rolled(many, values, start, seconds)
            if body:
                _copy(
                    connection,
                    "dust_rollup",
                    ["device", "step", "at", "expected", "n", "mean", "low", "high"],
                    body,
                )


def _names() -> list[str]:
    return [f.name for f in DUST.fields]


def _wander(devices: int, minutes: int, seed: int) -> NDArray[np.float32]:
    """Values [f, devices, minutes] with one decimal that go up and down as measured ones do."""
    dice = np.random.default_rng(seed)
    steps = dice.normal(0, 0.3, (FIELDS, devices, minutes)).astype(np.float32)
    found = MIDDLE[:, None, None] + np.cumsum(steps, axis=2)
    return np.round(np.clip(found, 0, 360), 1).astype(np.float32)


def _rolled(devices: NDArray[np.int32], values: NDArray[np.float32], start: int, seconds: int) -> bytes:
    """COPY body of the whole buckets of a step."""
    each = seconds // 60
    buckets = values.shape[2] // each
    if not buckets:
        return b""
    cut = values[:, :, : buckets * each].reshape(FIELDS, len(devices), buckets, each)
    array: list[tuple[str, str]] = [(n, ">i4") for n in ("size", "dimensions", "nulls", "type", "n", "first")]
    layout: list[Any] = [("count", ">i2")]
    for name, kind in (("device", ">i4"), ("step", ">i4"), ("at", ">i8"), ("expected", ">i4")):
        layout += [(f"l_{name}", ">i4"), (name, kind)]
    for name, kind in (("n", ">i4"), ("mean", ">f4"), ("low", ">f4"), ("high", ">f4")):
        layout.append((name, [*array, ("cells", [("l", ">i4"), ("v", kind)], (FIELDS,))]))
    out = np.zeros(len(devices) * buckets, np.dtype(layout))
    at = start + np.arange(buckets) * seconds * 1_000_000 - copying.EPOCH_2000
    out["count"] = 8
    for name, size, content in (
        ("device", 4, np.repeat(devices, buckets)),
        ("step", 4, seconds),
        ("at", 8, np.tile(at, len(devices))),
        ("expected", 4, each),
    ):
        out[f"l_{name}"], out[name] = size, content
    figures = (
        ("n", 23, np.full((FIELDS, len(devices), buckets), each)),
        ("mean", 700, cut.mean(axis=3)),
        ("low", 700, cut.min(axis=3)),
        ("high", 700, cut.max(axis=3)),
    )
    for name, oid, content in figures:
        part = out[name]
        part["size"], part["dimensions"], part["type"], part["n"], part["first"] = (
            20 + 8 * FIELDS,
            1,
            oid,
            FIELDS,
            1,
        )
        part["cells"]["l"] = 4
        part["cells"]["v"] = content.reshape(FIELDS, -1).T
    return copying.HEADER + out.tobytes() + copying.TRAILER


def _copy(connection: psycopg.Connection[Any], table: str, names: list[str], body: bytes) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier("telemetry", table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(body)


def _latest(connection: psycopg.Connection[Any], at: int, devices: int) -> None:
    connection.execute(
        'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values")'
        " SELECT n, 'dust', %s, %s, 0, %s::real[] FROM generate_series(1, %s) AS n",
        [from_us(at), from_us(at + 700_000), MIDDLE.tolist(), devices],
    )


def _register(url: str, devices: int) -> None:
    """The devices, those of the load behind them, and an account that sees them."""
    os.environ["SITELOOP_DATABASE_URL"] = url
    bench_fleet.register(devices + TALKERS)
    from django.db import connection

    from siteloop.foundation.authority.models import Account, Organisation, Post, Role

    account = Account.objects.create_user("bench", password=PASSWORD)
    office = Organisation(name="bench", kind="county_authority", region_code=bench_fleet.REGION)
    office.save()
    role = Role(code="bench", title="bench", permissions=["telemetry.*"])
    role.save()
    Post(account=account, organisation=office, role=role, region_code=bench_fleet.REGION).save()
    connection.close()


PASSWORD = "only-for-the-bench-2026"  # noqa: S105 - of a program that lives for this run

# ---- asking


def under_load(running: Program, devices: int, rate: float, seconds: float) -> dict[str, Any]:
    """The same questions while other devices send."""
    lead = 6.0  # until the load has rendered its frames and every line is up
    frames = int(rate / FIELDS * (seconds + lead))
    load = Load(
        *running.hj212,
        TALKERS,
        frames,
        rate / FIELDS,
        first=devices + 1,
        seconds=seconds + lead,
        connections=50,
    )
    process = bench.start_load(load)
    time.sleep(lead)
    before = running.ledger()["stored"]
    begun = time.monotonic()
    found = ask(running, devices, seconds)
    stored = (running.ledger()["stored"] - before) / (time.monotonic() - begun)
    bench.sent(process, 300)
    return found | {"stored_readings_per_s": round(stored * FIELDS)}


def ask(running: Program, devices: int, seconds: float) -> dict[str, Any]:
    """Latencies of each question, a device at random each time."""
    door = HTTPConnection(running.address["HTTP"], timeout=30)
    headers = {"Authorization": f"Bearer {_signed(door)}"}
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    chart = urlencode({"from": (now - dt.timedelta(days=DAYS)).isoformat(), "to": now.isoformat()})

    def question(path: str) -> Callable[[str], bytes]:
        def asked(device: str) -> bytes:
            door.request("GET", f"/api/v1/telemetry/{device}/{path}", headers=headers)
            answer = door.getresponse()
            body = answer.read()
            if answer.status != HTTPStatus.OK:
                raise RuntimeError(f"{answer.status} {body[:200]!r}")
            return body

        return asked

    questions = {
        "latest": question("latest"),
        "chart_30_days": question(f"readings?{chart}"),
        "rows_2_hours": question("readings"),
    }
    return {name: _timed(running, asked, devices, seconds / 3) for name, asked in questions.items()}


def _signed(door: HTTPConnection) -> str:
    words = json.dumps({"username": "bench", "password": PASSWORD})
    door.request("POST", "/api/v1/token", words, {"Content-Type": "application/json"})
    return str(json.loads(door.getresponse().read())["access"])


def _timed(
    running: Program, question: Callable[[str], bytes], devices: int, seconds: float
) -> dict[str, Any]:
    """From the moment a question was due, whether or not the one before has its answer, to the last byte.

    `cpu_ms` = time the web role really worked a question: what the others do to a busy machine is not in it.
    """
    dice = random.Random(7)  # noqa: S311 - which device is asked about is no secret
    question(code(dice.randint(1, devices)))  # warms up
    took: list[float] = []
    worked, begun, last = running.cpu_seconds().get("web", 0.0), time.perf_counter(), b""
    for due in np.arange(begun, begun + seconds, 1 / PACE):
        time.sleep(max(0.0, due - time.perf_counter()))
        last = question(code(dice.randint(1, devices)))
        took.append((time.perf_counter() - due) * 1000)
    worked = (running.cpu_seconds().get("web", 0.0) - worked) / len(took) * 1000
    took.sort()
    points = len(json.loads(last).get("results", ()))
    found = {"n": len(took), "p50_ms": round(took[len(took) // 2], 1)}
    found |= {"p95_ms": round(took[int(len(took) * 0.95)], 1), "most_ms": round(took[-1], 1)}
    found["cpu_ms"] = round(worked, 1)
    return found | ({"points": points} if points else {})
