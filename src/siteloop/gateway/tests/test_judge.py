"""The judge: findings at once, state with position, the same findings again after a death, and no block stops it."""

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import msgspec
import psycopg
import pytest

from siteloop.gateway import figures
from siteloop.gateway.judging.judge import SAVE_S, Judge, merged, pause_after
from siteloop.gateway.opening import open_block
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.tests.planes import NORMAL_ROW, T0, StillBus, block_of, new_database
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import SECOND
from siteloop.rules.absence import Absence
from siteloop.rules.detector import Detector, Statement
from siteloop.rules.threshold import Threshold

HIGH_ROW = [600.0, *NORMAL_ROW[1:]]
DEVICES = tuple(DeviceEntry(n, f"D{n}", "dust", 1, "330482") for n in (1, 2, 3))
RULE = RuleEntry("test.pm25", "threshold", "33", 1, {"field": "pm25", "on": 500.0}, "yellow")


class Faulty(Threshold):
    """Fails on every block."""

    name = "faulty"

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        raise ValueError("not what I expected")


class Commander:
    """Orders something for every block; keeps the number of blocks as its state."""

    name = "commander"

    def __init__(self) -> None:
        self.blocks = 0

    def configure(self, registry: Registry, rules: Any) -> None:
        return None

    def see(self, block: Block, columns: Columns) -> list[Statement]:
        self.blocks += 1
        return [Command(f"c{self.blocks}", 1, "spray_on")]

    def tick(self, now_us: int) -> list[Statement]:
        return []

    def dump(self) -> bytes:
        return b"%d" % self.blocks

    def load(self, data: bytes) -> None:
        self.blocks = int(data)


class Bench:
    """A judge on a fresh database."""

    def __init__(self, folder: Path, *kinds: type[Detector]) -> None:
        self.dsn = new_database()
        self.folder, self.kinds = folder, kinds
        self.told: list[dict[str, Any]] = []

    def judge(self) -> Judge:
        """A judge as after a start of its process."""
        registry = RegistrySource(self.dsn)
        bench = self

        class Bus(StillBus):
            async def say(self, subject: str, message: dict[str, Any]) -> None:
                bench.told.append({"subject": subject, **message})

        bus: Any = Bus()
        made = Judge(GatewaySettings(self.dsn, "", self.folder), bus, registry, self.kinds)
        registry.use(Registry(1, DEVICES, (RULE,)))
        return made

    def step(self, judge: Judge, *many: tuple[int, bytes]) -> None:
        """Connect, start and judge some blocks."""

        async def one() -> None:
            async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                await judge.start(connection)
                await judge.step(connection, list(many))

        asyncio.run(one())

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(question).fetchall()


def _block(*rows: tuple[Any, ...]) -> bytes:
    return blocks.encode(block_of(list(rows)))


def test_a_finding_is_written_and_told_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Threshold)
    bench.step(bench.judge(), (1, _block((1, T0), (2, T0, HIGH_ROW))))
    ((key, act, body),) = bench.ask("SELECT key, act, body FROM fast.finding_inbox")
    finding = msgspec.msgpack.decode(body, type=Finding)
    assert (finding.device, finding.value, act) == (2, 600, "raise")
    assert [(t["subject"], t["key"]) for t in bench.told] == [("live.finding.330482.1", key)]


@pytest.mark.requirement("IOT-10")
def test_a_block_nobody_can_read_does_not_stop_the_judge(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Threshold)
    before = figures.PUT_ASIDE.labels("judge")._value.get()
    bench.step(bench.judge(), (1, b"junk"), (2, _block((2, T0, HIGH_ROW))))
    assert bench.ask("SELECT count(*)::int FROM fast.finding_inbox") == [(1,)]
    assert figures.PUT_ASIDE.labels("judge")._value.get() == before + 1


def test_a_detector_that_fails_leaves_the_others_their_say(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Faulty, Threshold)
    before = figures.FAULTS.labels("faulty")._value.get()
    bench.step(bench.judge(), (1, _block((2, T0, HIGH_ROW))))
    assert bench.ask("SELECT count(*)::int FROM fast.finding_inbox") == [(1,)]
    assert figures.FAULTS.labels("faulty")._value.get() == before + 1


def test_after_a_death_the_same_findings_are_found_again_and_written_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Threshold)
    data = [
        (1, _block((2, T0))),
        (2, _block((2, T0 + 60 * SECOND, HIGH_ROW))),
        (3, _block((2, T0 + 120 * SECOND, NORMAL_ROW))),
    ]
    first = bench.judge()
    bench.step(first, data[0])  # saves state and position
    assert bench.ask("SELECT seq::int FROM fast.position") == [(1,)]
    first._saved = float("inf")  # and not again before it dies
    bench.step(first, *data)
    wanted = bench.ask("SELECT key, act, at_us, body FROM fast.finding_inbox ORDER BY id")
    assert [w[1] for w in wanted] == ["raise", "clear"]
    bench.step(bench.judge(), *data)
    assert bench.ask("SELECT key, act, at_us, body FROM fast.finding_inbox ORDER BY id") == wanted
    assert bench.ask("SELECT seq::int FROM fast.position") == [(3,)]


def test_a_command_is_written_together_with_the_state_that_remembers_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Commander)
    first = bench.judge()
    first._saved = float("inf")
    bench.step(first, (1, _block((1, T0))))
    assert bench.ask("SELECT seq::int FROM fast.position") == [(1,)]
    bench.step(bench.judge(), (1, _block((1, T0))), (2, _block((1, T0 + 1))))
    assert bench.ask("SELECT id FROM fast.command ORDER BY 1") == [("c1",), ("c2",)]


class Listening(Absence):
    """Remembers when it was told that nothing could be heard."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[int] = []

    def deaf(self, until_us: int) -> None:
        self.told.append(until_us)


@pytest.mark.parametrize(("away", "told"), [("1 second", 0), ("2 hours", 1)])
def test_after_an_outage_of_ours_silence_is_counted_anew(tmp_path: Path, away: str, told: int) -> None:
    bench = Bench(tmp_path, Listening)
    bench.step(bench.judge(), (1, _block((1, T0))))
    with psycopg.connect(bench.dsn) as connection:
        connection.execute("UPDATE fast.judge_state SET saved_at = now() - %s::interval", [away])
    again = bench.judge()
    bench.step(again)
    assert len(cast(Listening, again.detectors[0]).told) == told


@pytest.mark.requirement("IOT-02")
@pytest.mark.parametrize("hours", [2, -2])
def test_a_jump_of_our_clock_makes_no_device_silent(
    tmp_path: Path, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Bench(tmp_path, Listening).judge()
    listening, real = cast(Listening, judge.detectors[0]), time.time_ns
    judge._tick()
    judge._ticked = 0.0
    judge._tick()
    assert listening.told == []
    monkeypatch.setattr(time, "time_ns", lambda: real() + hours * 3600 * 10**9)
    judge._ticked = 0.0
    judge._tick()
    (told,) = listening.told
    assert abs(told - (real() // 1000 + hours * 3600 * SECOND)) < 60 * SECOND


def test_what_was_judged_is_saved_even_when_nothing_more_comes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Threshold)
    judge = bench.judge()
    bench.step(judge, (1, _block((1, T0))))
    judge._saved = float("inf")

    async def quiet() -> None:
        async with await psycopg.AsyncConnection.connect(bench.dsn, autocommit=True) as connection:
            await judge.step(connection, [(2, _block((1, T0 + SECOND)))])
            judge._saved = 0.0
            await judge.step(connection, [])

    asyncio.run(quiet())
    assert bench.ask("SELECT seq::int FROM fast.position") == [(2,)]


def test_saving_takes_a_twentieth_of_the_time_at_most() -> None:
    assert pause_after(0.01) == SAVE_S
    assert pause_after(1.5) == 30


def test_neighbouring_blocks_of_one_profile_are_judged_together_in_order() -> None:
    sprayer = msgspec.structs.replace(block_of([(9, T0)]), profile="noise")
    opened = [open_block(n, _block((n, T0), (n, T0 + SECOND))) for n in (1, 2)]
    opened += [open_block(3, blocks.encode(block_of([], control=3)))]
    opened += [open_block(4, _block((4, T0)))]
    found = list(merged(opened))
    assert [(b.profile, b.rows, c.device.tolist()) for b, c in found] == [("dust", 5, [1, 1, 2, 2, 4])]
    assert open_block(5, blocks.encode(sprayer)).wrong
