"""The latency meter: every stage notes when its readings were received, processes add up in one table, nothing stops the intake."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest

from siteloop.gateway import latency
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.latency import METER, Meter, received_of
from siteloop.gateway.tests.listening import RecordingBus, within
from siteloop.gateway.tests.planes import T0, Plane, block_of, columns_of, new_database
from siteloop.gateway.tests.test_judge import HIGH_ROW, Bench, _block
from siteloop.gateway.tests.test_live import opened
from siteloop.kernel.finding import Act, Finding
from siteloop.kernel.latency import BOUNDS, Spread, Stage, counts
from siteloop.kernel.times import SECOND
from siteloop.rules.threshold import Threshold

RECEIVED = T0 + SECOND // 2  # what `columns_of` says


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The meter starts empty; it is 200 ms after the rows of T0 were received."""
    METER.taken()
    monkeypatch.setattr(latency, "now_us", lambda: RECEIVED + 200_000)
    yield
    METER.taken()


def _measured() -> dict[str, tuple[int, float]]:
    """Stage -> (how many, the upper end of the slowest one's bucket in µs)."""
    found: dict[str, tuple[int, float]] = {}
    for stage, bucket, n in METER.taken():
        found[stage] = found.get(stage, (0, 0.0))[0] + n, float(BOUNDS[bucket])
    return found


def test_a_durable_answered_reading_is_noted_after_the_answer() -> None:
    async def test() -> None:
        gathering = Gathering("hj212", RecordingBus())
        for n in range(3):
            gathering.row("dust", 1 + n, T0, RECEIVED, [1.0] * 9, bytes(9), 0, b"x", 0)
        gathering.control()  # carries no reading: not part of it
        assert _measured() == {}
        await gathering.flush()
        (n, longest) = _measured()[Stage.DURABLE]
        assert n == 3 and 200_000 <= longest < 200_000 * 1.1

    within(10, test)


def test_a_committed_reading_is_noted_and_a_block_that_was_not_stored_is_not(tmp_path: Path) -> None:
    plane = Plane(tmp_path)

    async def test() -> None:
        async with await plane.connect() as connection:
            await plane.store(connection, block_of([(1, T0), (2, T0)]), block_of([(3, T0)]))
            assert _measured()[Stage.STORED][0] == 3
            plane.ask_owner("REVOKE ALL ON fast.ledger FROM siteloop_fast")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await plane.store(connection, block_of([(4, T0)]))
            assert _measured() == {}

    asyncio.run(test())


def test_a_finding_is_measured_from_the_reading_that_made_it_and_says_so_to_the_browser(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, Threshold)
    bench.step(bench.judge(), (1, _block((1, T0), (2, T0, HIGH_ROW))))
    (n, longest) = _measured()[Stage.FOUND]
    assert n == 1 and 200_000 <= longest < 200_000 * 1.1
    assert [t["received_us"] for t in bench.told] == [RECEIVED]


def test_a_finding_of_the_clock_alone_has_no_latency() -> None:
    columns = columns_of([(1, T0), (2, T0), (2, T0 + SECOND)])
    made = [
        Finding(Act.RAISE, "r", f"device:{d}", at, at, 1, "33", device=d)
        for d, at in ((2, T0), (2, T0 + 9), (0, T0))
    ]
    assert received_of(made, columns) == {(2, T0): RECEIVED}
    assert received_of([], columns) == {}


def test_an_alarm_written_to_a_browser_is_noted_once_a_stream(nats_url: str) -> None:
    async def test() -> None:
        async with opened(nats_url) as one, one.stream("town a") as events, one.stream("county") as others:
            told = {"received_us": RECEIVED, "act": "raise"}
            await one.bus.say("live.finding.330482101.11", told)
            await one.bus.say("live.finding.330482102.22", told)  # not for town a
            await one.bus.say("live.finding.330482101.11", {"received_us": None})  # of the clock
            await one.bus.say("live.case.330482101.11", told)
            for stream, wanted in ((events, 3), (others, 4)):
                for _ in range(wanted):
                    await anext(stream)
            while METER._counts[Stage.SHOWN].sum() < 3:  # noqa: ASYNC110 - noted after the bytes are out
                await asyncio.sleep(0.01)
            assert {s: n for s, (n, _) in _measured().items()} == {Stage.SHOWN: 3}

    within(30, test)


def _kept(dsn: str, step: int) -> Spread:
    spread = Spread()
    with psycopg.connect(dsn) as connection:
        for bucket, n in connection.execute("SELECT bucket, n FROM fast.latency WHERE step = %s", [step]):
            spread.counts[bucket] += n
    return spread


def test_processes_add_up_in_both_lengths_of_slots() -> None:
    dsn, one, other = new_database(), Meter(), Meter()
    times = RECEIVED + 200_000 - np.array([150_000, 150_000, 5_000_000])

    async def test() -> None:
        for meter in (one, other, one):
            meter.note(Stage.STORED, times)
            await meter.write(dsn)
        await one.write(dsn)  # nothing new: nothing added

    asyncio.run(test())
    for step in (latency.FINE_S, latency.COARSE_S):
        assert _kept(dsn, step).counts.tolist() == (3 * counts(RECEIVED + 200_000 - times)).tolist()


def test_what_the_database_will_not_have_now_is_kept_for_the_next_time() -> None:
    dsn, meter = new_database(), Meter()
    away = psycopg.conninfo.make_conninfo(dsn, dbname="nowhere")

    async def test() -> None:
        meter.note(Stage.FOUND, np.array([RECEIVED, RECEIVED]))
        await meter.write(away)
        meter.note(Stage.FOUND, np.array([RECEIVED]))
        await meter.write(dsn)

    asyncio.run(test())
    assert _kept(dsn, latency.FINE_S).total == 3


def test_old_slots_go() -> None:
    dsn, meter = new_database(), Meter()
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO fast.latency (step, at, stage, bucket, n) VALUES"
            " (10, now() - interval '3 hours', 'found', 1, 1), (10, now() - interval '1 hour', 'found', 1, 1),"
            " (900, now() - interval '32 days', 'found', 1, 1), (900, now() - interval '3 hours', 'found', 1, 1)"
        )
    asyncio.run(meter.write(dsn))
    assert [_kept(dsn, step).total for step in (latency.FINE_S, latency.COARSE_S)] == [1, 1]
    assert meter._cleared <= time.monotonic()
