"""Raw frames through today's codec: nothing differs by itself; what differs is shown, put right once, and leaves its mark."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from siteloop.gateway.history.archive_store import FolderStore
from siteloop.gateway.history.archiving import Archiver
from siteloop.gateway.quarantine.reparse import judge
from siteloop.gateway.raw import replay as replays
from siteloop.gateway.raw import replay_rows
from siteloop.gateway.raw.replay import Asked, Replay, Report
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.rollups.rollup import Roller
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel import block as blocks
from siteloop.kernel import registry as registries
from siteloop.kernel.block import Block
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import DAY, MINUTE, from_us, to_us
from siteloop.protocols.hj212.crc import crc212
from siteloop.protocols.hj212.frame import build
from siteloop.protocols.hj212.talk import qn_of, stamp

DAY0 = to_us(dt.datetime(2024, 9, 21, tzinfo=dt.UTC))
NOON = DAY0 + 12 * 60 * MINUTE
NAMES = ("a34002", "a34001", "LA", "a01001", "a01002", "a01006", "a01007", "a01008")
VALUES = (80, 120, 60, 20, 50, 101, 2, 90)


def code(number: int) -> str:
    """MN of a device."""
    return f"REPLAY{number:08d}"


DEVICES = tuple(
    DeviceEntry(n, code(n), "dust", 1, "330482", password="123456", interval_s=60) for n in (1, 2)
)
WHOLE = Asked(from_us(DAY0), from_us(DAY0 + 40 * DAY))


class Kept(Plane):
    """A plane that took in real frames of two devices."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.store_folder = FolderStore(folder / "archive")
        self.publish(DEVICES)
        registry = RegistrySource(self.dsn)
        registry.use(Registry(1, DEVICES, ()))
        self.roller = Roller(self.dsn, registry, self.store_folder)

    def publish(self, devices: tuple[DeviceEntry, ...]) -> None:
        body = registries.encode(Registry(int(time.time()), devices, ()))
        self.ask_owner("DELETE FROM fast.registry")
        with psycopg.connect(self.dsn.replace("siteloop_fast", "siteloop_web")) as connection:
            connection.execute("INSERT INTO fast.registry (version, body) VALUES (1, %s)", [body])

    def receive(self, *frames: tuple[bytes, int]) -> None:
        """One block: (frame, device), received half a second after their time."""

        async def run() -> None:
            async with await self.connect() as connection:
                await self.store(connection, pack(list(frames)))
                await self.roller.roll(connection, from_us(NOON + 3 * DAY))

        asyncio.run(run())

    def look(self, asked: Asked = WHOLE) -> Report:
        return self.replay(asked).compare()

    def apply(self, asked: Asked = WHOLE) -> Report:
        replay = self.replay(asked)
        return replay.apply(replay.begin("tester", "wrong unit"))

    def replay(self, asked: Asked = WHOLE) -> Replay:
        connection = psycopg.connect(self.dsn, autocommit=True)
        return Replay(connection, self.folder / "raw", self.store_folder, asked)

    def pm25(self) -> list[tuple[int, float]]:
        return [
            (d, round(v, 3))
            for d, v in self.ask("SELECT device, pm25 FROM telemetry.dust ORDER BY device, at")
        ]


def frame(device: int, minute: int, pm25: float | None = None) -> tuple[bytes, int]:
    at = NOON + minute * MINUTE
    area = "".join(f";{name}-Rtd={value},{name}-Flag=N" for name, value in zip(NAMES, VALUES, strict=True))
    text = (
        f"QN={qn_of(at)};ST=39;CN=2011;PW=123456;MN={code(device)};Flag=5;CP=&&DataTime={stamp(at)};"
        f"a34004-Rtd={20 if pm25 is None else pm25},a34004-Flag=N{area}&&"
    ).encode()
    return build(text, crc212(text)), device


def pack(frames: list[tuple[bytes, int]], received: int = 500_000) -> Block:
    """What the listener would put on the bus."""
    from siteloop.gateway.tests.planes import columns_of

    rows = []
    for raw, number in frames:
        device = DEVICES[number - 1]
        judged = judge(raw, "hj212", NOON, lambda code, d=device: d, device, replays.ANY_TIME)
        row = judged.rows[0]
        rows.append((number, row.at, row.values, list(row.quality)))
    columns = columns_of(rows)
    columns.received_at = columns.at + received
    return blocks.pack(listener="hj212", profile="dust", columns=columns, raw=[raw for raw, _ in frames])


@pytest.fixture
def plane(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def wrong_unit(plane: Kept, scale: float = 1000.0) -> None:
    """Since then somebody found out that the first device reports mg/m³."""
    plane.publish((msgspec.structs.replace(DEVICES[0], scale={"pm25": scale}), DEVICES[1]))


FRAMES = [frame(d, m, 20 + m) for d in (1, 2) for m in range(3)]


def test_what_was_stored_yesterday_reads_the_same_today(plane: Kept) -> None:
    plane.receive(*FRAMES)
    found = plane.look()
    assert (found.frames, found.same, found.differing, found.refused) == (6, 6, 0, {})
    assert (found.doubtful, found.missing) == (0, 0)


@pytest.mark.requirement("IOT-10")
def test_looking_shows_the_differences_and_changes_nothing(plane: Kept) -> None:
    plane.receive(*FRAMES)
    before = plane.pm25()
    wrong_unit(plane, 10)
    found = plane.look()
    assert (found.same, found.changed, found.fields) == (3, 3, {"pm25": 3})
    first = found.examples[0]
    assert (first.code, first.field, first.stored, first.today) == (code(1), "pm25", "20", "200")
    assert plane.pm25() == before
    assert plane.ask("SELECT count(*) FROM telemetry.replay") == [(0,)]


@pytest.mark.requirement("IOT-10")
def test_applying_puts_rows_right_once_and_marks_them(plane: Kept) -> None:
    plane.receive(*FRAMES)
    wrong_unit(plane, 10)
    assert plane.apply().changed == 3
    assert plane.pm25() == [(1, 200), (1, 210), (1, 220), (2, 20), (2, 21), (2, 22)]
    marks = plane.ask(
        "SELECT device, act, before_values[1], after_values[1] FROM telemetry.replayed_row ORDER BY at"
    )
    assert marks == [(1, "changed", 20, 200), (1, "changed", 21, 210), (1, "changed", 22, 220)]
    assert plane.ask("SELECT sum(replayed)::int FROM fast.ledger WHERE device = 1") == [(3,)]
    assert plane.ledger() == (6, 6, 0, 0)
    assert plane.ask('SELECT "values"[1] FROM telemetry.latest ORDER BY device') == [(220,), (22,)]
    # again, nothing is left to do
    again = plane.apply()
    assert (again.same, again.differing) == (6, 0)
    assert plane.ask("SELECT count(*) FROM telemetry.replayed_row") == [(3,)]


def test_no_rule_sees_replayed_rows(plane: Kept) -> None:
    plane.receive(*FRAMES)
    wrong_unit(plane, 10)
    plane.apply()
    assert plane.ask("SELECT count(*) FROM fast.finding_inbox") == [(0,)]
    assert plane.ask("SELECT count(*) FROM fast.command") == [(0,)]


def test_roll_ups_follow(plane: Kept) -> None:
    plane.receive(*FRAMES)
    wrong_unit(plane, 10)
    plane.apply()
    plane.receive()
    rolled = "SELECT max(high[1]) FROM telemetry.dust_rollup WHERE device = 1 AND step = 3600"
    assert plane.ask(rolled) == [(220,)]


def test_archived_rows_are_put_right_beside_the_archive(plane: Kept) -> None:
    plane.receive(*FRAMES)
    terms = {"dust": 7}
    with psycopg.connect(plane.dsn, autocommit=True) as connection:
        assert Archiver(connection, plane.store_folder).run(terms, dt.date(2024, 11, 1)).rows == 6
    wrong_unit(plane, 10)
    assert plane.look().changed == 3
    assert plane.apply().changed == 3
    assert plane.look().changed == 0
    assert plane.pm25() == [(1, 200), (1, 210), (1, 220)]
    plane.receive()  # roll-ups
    with psycopg.connect(plane.dsn, autocommit=True) as connection:
        assert Archiver(connection, plane.store_folder).run(terms, dt.date(2024, 11, 1)).rows == 3
    assert plane.look().differing == 0
    assert plane.pm25() == []


def test_a_twin_that_came_later_changes_nothing(plane: Kept) -> None:
    plane.receive(frame(1, 0, 20))

    async def again() -> None:
        async with await plane.connect() as connection:
            await plane.store(connection, pack([frame(1, 0, 99)], received=3_600_000_000))

    asyncio.run(again())
    assert plane.pm25() == [(1, 20)]
    assert (plane.look().same, plane.look().differing) == (2, 0)


def test_a_frame_that_reads_another_time_moves_its_row(plane: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.receive(frame(1, 0, 20), frame(1, 1, 21))
    monkeypatch.setattr(replays, "judge", later(60 * MINUTE))
    assert plane.look().moved == 2
    assert plane.apply().moved == 2
    rows = plane.ask("SELECT at, pm25 FROM telemetry.dust WHERE pm25 IS NOT NULL ORDER BY at")
    assert rows == [(from_us(NOON + 60 * MINUTE), 20), (from_us(NOON + 61 * MINUTE), 21)]
    acts = plane.ask("SELECT act, count(*)::int FROM telemetry.replayed_row GROUP BY 1 ORDER BY 1")
    assert acts == [("added", 2), ("moved", 2)]
    assert plane.apply().differing == 0


def later(by: int) -> Callable[..., Any]:
    """A codec that reads every time this much later."""

    def judged(*args: Any) -> Any:
        found = judge(*args)
        rows = tuple(msgspec.structs.replace(r, at=r.at + by) for r in found.rows)
        return msgspec.structs.replace(found, rows=rows)

    return judged


def test_what_the_codec_refuses_today_is_counted_and_stays(plane: Kept) -> None:
    plane.receive(*FRAMES)
    plane.publish(DEVICES[1:])
    found = plane.apply()
    assert (found.refused, found.same) == ({"unknown_device": 3}, 3)
    assert len(plane.pm25()) == 6


def test_a_doubtful_value_is_left_alone(plane: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.receive(frame(1, 0, 20))
    wrong_unit(plane, 10_000)  # 200,000 µg/m³ is no such quantity
    found = plane.apply()
    assert (found.doubtful, found.differing) == (1, 0)
    assert plane.pm25() == [(1, 20)]


@pytest.mark.requirement("IOT-10")
def test_an_interrupted_replay_goes_on_where_it_stopped(plane: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for one in FRAMES:
        plane.receive(one)
    wrong_unit(plane, 10)
    monkeypatch.setattr(replays, "BATCH", 1)
    replay = plane.replay()
    run = replay.begin("tester", "wrong unit")

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay.apply(run, stop)
    assert plane.pm25()[:3] == [(1, 200), (1, 210), (1, 22)]
    again = plane.replay()
    resumed = again.begin("tester", "wrong unit")
    assert (resumed.id, resumed.was_begun, resumed.chunk > 0) == (run.id, True, True)
    found = again.apply(resumed)
    assert (found.frames, found.changed, found.same) == (6, 3, 3)
    assert plane.ask("SELECT count(*), count(done_at) FROM telemetry.replay") == [(1, 1)]


def test_a_crash_inside_a_batch_leaves_nothing_of_it(plane: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.receive(*FRAMES)
    wrong_unit(plane, 10)

    def torn(*args: Any) -> None:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(replay_rows, "_ledger", torn)
    with pytest.raises(psycopg.OperationalError):
        plane.apply()
    assert plane.pm25()[0] == (1, 20)
    monkeypatch.undo()
    assert plane.apply().changed == 3


def test_period_device_and_profile_narrow(plane: Kept) -> None:
    plane.receive(*FRAMES)
    assert plane.look(Asked(WHOLE.start, WHOLE.end, device=2)).frames == 3
    assert plane.look(Asked(WHOLE.start, WHOLE.end, profile="sprayer")).frames == 0
    assert plane.look(Asked(WHOLE.end, WHOLE.end + dt.timedelta(days=1))).frames == 0


def test_removed_or_damaged_chunks_are_counted(plane: Kept) -> None:
    plane.receive(*FRAMES)
    file = next((plane.folder / "raw").glob("*/dust.raw"))
    file.write_bytes(file.read_bytes()[:-10])
    assert (plane.look().frames, plane.look().lost_chunks) == (0, 1)
    file.unlink()
    assert plane.look().lost_chunks == 1
