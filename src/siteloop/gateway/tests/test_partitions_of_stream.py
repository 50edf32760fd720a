"""Several partitions: streams of their own, blocks that keep to them, judges that know their devices."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest

from siteloop.gateway.bus import BLOCKS, Bus, PartitionsChanged
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.judging import judge_states
from siteloop.gateway.judging.judge import Judge
from siteloop.gateway.raw.archive import RawArchive, read_chunk
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.tests.listening import within
from siteloop.gateway.tests.planes import NORMAL_ROW, T0, StillBus, block_of, new_database
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Reject
from siteloop.kernel.placement import Placement
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import SECOND
from siteloop.rules.beside_neighbours import BesideNeighbours
from siteloop.rules.threshold import Threshold
from siteloop.rules.twin_streams import TwinStreams

HIGH_ROW = [600.0, *NORMAL_ROW[1:]]
DEVICES = tuple(DeviceEntry(n, f"D{n}", "dust", n, "330482") for n in range(1, 7))
RULE = RuleEntry("test.pm25", "threshold", "33", 1, {"field": "pm25", "on": 500.0}, "yellow")


class PartedBus:
    """Keeps blocks by partition."""

    def __init__(self) -> None:
        self.blocks: list[tuple[int, Block]] = []

    async def publish_block(self, block: Block, partition: int = 0) -> int:
        self.blocks.append((partition, block))
        return len(self.blocks)


def test_rows_go_through_their_partition_in_order_with_their_frames() -> None:
    async def test() -> None:
        bus = PartedBus()
        gathering = Gathering("hj212", bus)
        gathering.placement = Placement(DEVICES, 3)
        for i in range(600):
            number = i % 6 + 1
            gathering.row("dust", number, T0 + i, T0 + i, NORMAL_ROW, bytes(9), 0, b"frame %d" % i, 0)
        gathering.reject(Reject(T0, "bad_crc", "", b"?"))
        gathering.control()
        await gathering.flush()
        rows = [
            (partition, int(columns.device[j]), int(columns.at[j]) - T0, blocks.raw_frame(block, j))
            for partition, block in bus.blocks
            for columns in [blocks.columns(block)]
            for j in range(block.rows)
        ]
        assert len(rows) == 600
        for partition, number, i, raw in rows:
            assert (partition, number, raw) == (number % 3, i % 6 + 1, b"frame %d" % i)
        for wanted in range(3):
            order = [i for partition, _, i, _ in rows if partition == wanted]
            assert order == sorted(order)
        rest = [(p, len(b.rejects), b.control) for p, b in bus.blocks if not b.rows]
        assert rest == [(0, 1, 1)]

    within(30, test)


async def _streams(bus: Bus) -> set[str]:
    """Of blocks; other tests have other streams on this server."""
    names = [info.config.name or "" for info in await bus.stream.streams_info()]
    return {name for name in names if name.startswith(BLOCKS)}


@pytest.mark.engines
def test_each_partition_is_a_stream_and_another_number_waits_for_empty_ones(nats_url: str) -> None:
    async def test() -> None:
        single = Bus(nats_url, "test")
        await single.connect()
        await single.purge_before((await single.depth())[2] + 1)
        parted = Bus(nats_url, "test", partitions=3)
        await parted.connect()
        assert await _streams(parted) == {f"BLOCKS-{p}-of-3" for p in range(3)}
        for p in (0, 2, 2):
            await parted.publish_block(block_of([(1, T0)]), p)
        assert [(await parted.depth(p))[2] for p in range(3)] == [1, 0, 2]
        reader = await parted.reader(0, 2)
        found: list[tuple[int, bytes]] = []
        while len(found) < 2:
            found += await reader.fetch(64, 0.2)
        assert [seq for seq, _ in found] == [1, 2]
        with pytest.raises(PartitionsChanged, match="SITELOOP_PARTITIONS"):
            await single._ensure()
        for p, last in enumerate((1, 0, 2)):
            await parted.purge_before(last + 1, p)
        await single._ensure()
        assert await _streams(single) == {BLOCKS}
        await single.close()
        await parted.close()

    within(60, test)


class Court:
    """Judges of three partitions on one database."""

    def __init__(self, folder: Path, partitions: int = 3) -> None:
        self.dsn, self.folder, self.partitions = new_database(), folder, partitions
        self.registry = Registry(1, DEVICES, (RULE,))

    def judge(self, slot: int) -> Judge:
        source = RegistrySource(self.dsn)
        bus: Any = StillBus()
        settings = GatewaySettings(self.dsn, "", self.folder, partitions=self.partitions)
        made = Judge(settings, bus, source, (Threshold, TwinStreams, BesideNeighbours), slot)
        source.use(self.registry)
        return made

    def step(self, judge: Judge, *many: tuple[int, bytes], partition: int | None = None) -> None:
        async def one() -> None:
            async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                await judge.start(connection)
                await judge.step(connection, list(many), partition)

        asyncio.run(one())

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(question).fetchall()


def test_a_judge_knows_its_own_detectors_and_devices(tmp_path: Path) -> None:
    court = Court(tmp_path)
    part, whole = court.judge(1), court.judge(3)
    assert [d.name for d in part.detectors] == ["threshold"]
    assert [d.name for d in whole.detectors] == ["twin_streams", "beside_neighbours"]
    assert list(whole.partitions) == [0, 1, 2]
    court.step(part, (1, blocks.encode(block_of([(n, T0, HIGH_ROW) for n in (1, 2, 3, 4)]))))
    assert court.ask("SELECT split_part(key, '|', 2) FROM fast.finding_inbox ORDER BY 1") == [
        ("device:1",),
        ("device:4",),
    ]


def test_the_whole_judge_keeps_a_place_in_every_partition(tmp_path: Path) -> None:
    court = Court(tmp_path)
    court.step(court.judge(3), (7, blocks.encode(block_of([(2, T0)]))), partition=2)
    assert court.ask("SELECT consumer, seq::int FROM fast.position ORDER BY seq") == [
        ("whole", 0),
        ("whole", 0),
        ("whole", 7),
    ]
    assert court.ask("SELECT name FROM fast.judge_state ORDER BY 1") == [
        ("beside_neighbours@whole",),
        ("twin_streams@whole",),
    ]


def test_growing_from_one_partition_keeps_what_is_open(tmp_path: Path) -> None:
    court = Court(tmp_path, partitions=1)
    high = blocks.encode(block_of([(n, T0, HIGH_ROW) for n in (1, 2, 3)]))
    court.step(court.judge(0), (1, high))
    assert court.ask("SELECT count(*) FROM fast.finding_inbox") == [(3,)]
    court.partitions = 3
    # nothing is ended because a device went to another judge, and each judge ends its own
    low = blocks.encode(block_of([(1, T0 + 60 * SECOND)]))
    court.step(court.judge(1), (1, low))
    court.step(court.judge(2))
    assert court.ask("SELECT split_part(key, '|', 2), act FROM fast.finding_inbox WHERE act = 'clear'") == [
        ("device:1", "clear")
    ]


async def _states(dsn: str, partitions: int, slot: int) -> judge_states.Kept:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        return await judge_states.load(connection, partitions, slot)


def test_the_newest_number_of_partitions_counts() -> None:
    dsn = new_database()
    with psycopg.connect(dsn) as connection:
        for hour, name in enumerate(("a", "a@0/4", "w@whole", "a@1/4", "a@0/2")):
            connection.execute(
                "INSERT INTO fast.judge_state (name, body, saved_at) VALUES (%s, %s, now() + %s * interval '1 hour')",
                [name, name.encode(), hour],
            )
    load = lambda *which: asyncio.run(_states(dsn, *which))  # noqa: E731
    assert load(2, 0) == judge_states.Kept({"a": b"a@0/2"})
    assert load(2, 2) == judge_states.Kept({"w": b"w@whole"})
    assert load(4, 0) == judge_states.Kept({})  # older than those of two
    assert load(1, 0) == judge_states.Kept({"w": b"w@whole"})
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM fast.judge_state WHERE name LIKE '%/2'")
    assert load(4, 1) == judge_states.Kept({"a": b"a@1/4"})
    assert load(4, 3) == judge_states.Kept({"a": b"a"}, is_of_all=True)


def test_two_sinks_may_append_to_one_file_of_raw_frames(tmp_path: Path) -> None:
    first, second = RawArchive(tmp_path), RawArchive(tmp_path)
    kept = []
    for i in range(6):
        archive = (first, second)[i % 2]
        chunk = archive.append(block_of([(i + 1, T0)]), T0)
        assert chunk is not None
        kept.append((i + 1, chunk))
    for number, chunk in kept:
        assert read_chunk(tmp_path, chunk.file, chunk.position, chunk.size) == [
            f"frame {number} {T0}".encode()
        ]
