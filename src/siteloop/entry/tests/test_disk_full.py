"""A full disk: nothing is acknowledged that is not on it, nothing acknowledged is lost, and all goes on when there is room."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siteloop.entry.engines import processes
from siteloop.entry.engines.nats import STUCK, Nats
from siteloop.entry.supervisor import Supervisor
from siteloop.gateway.bus import Bus
from siteloop.gateway.raw.archive import RawArchive, read_chunk
from siteloop.gateway.tests.listening import MN, frame, within
from siteloop.gateway.tests.planes import T0, Plane, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block

SIZE_MB = 24
ROWS = 2_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own. Needs the right to mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no file system may be mounted here: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def _fill(place: Path, leave: int = 4096) -> Path:
    """A file that takes all room but `leave` bytes."""
    ballast = place / "ballast"
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        room = os.statvfs(place)
        file.write(b"\0" * (room.f_bavail * room.f_frsize - leave))
    return ballast


def _block(n: int) -> Block:
    return block_of([(1, T0 + (n * ROWS + i) * 1_000_000) for i in range(ROWS)])


@pytest.mark.requirement("IOT-02")
def test_the_bus_refuses_while_the_disk_is_full_and_takes_again_when_there_is_room(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITELOOP_LEAST_FREE_MB", "8")
    supervisor = Supervisor(only=(), quiet=True)
    supervisor.nats = server = Nats(small_disk)
    server.start()

    async def test() -> None:
        bus = Bus(server.url, "test")
        await bus.connect()
        assert await bus.publish_block(_block(0)) == 1
        ballast = _fill(small_disk)
        waiting = asyncio.create_task(bus.publish_block(_block(1)))
        await asyncio.wait([waiting], timeout=4)
        assert not waiting.done(), "what is not on disk is not acknowledged"
        assert await asyncio.to_thread(server.is_stuck)
        await asyncio.to_thread(supervisor._watch_engines)
        assert supervisor.engine_pauses["nats"].restarts == 0, "without room a new start would not help"
        ballast.unlink()
        await asyncio.to_thread(supervisor._watch_engines)
        assert supervisor.engine_pauses["nats"].restarts == 1
        assert await asyncio.wait_for(waiting, 40) == 2
        assert not await asyncio.to_thread(server.is_stuck)
        reader = await bus.reader(0)
        found: list[tuple[int, bytes]] = []
        while len(found) < 2:
            found += await reader.fetch(10, 0.5)
        assert [seq for seq, _ in found] == [1, 2]
        assert [blocks.decode(data).id for _, data in found] == [blocks.decode(d).id for _, d in found]
        assert [int(blocks.columns(blocks.decode(d)).at[0]) for _, d in found] == [T0, T0 + ROWS * 1_000_000]
        await bus.close()

    try:
        within(100, test)
    finally:
        server.stop()


def test_the_servers_own_words_count_even_when_a_look_missed_the_full_disk(tmp_path: Path) -> None:
    server = Nats(tmp_path)
    server.folder.mkdir()
    server.log.parent.mkdir()
    server.log.write_bytes(b"[ERR] JetStream stream 'BLOCKS' critical wri")
    assert not server.is_stuck()
    with server.log.open("ab") as log:
        log.write(b"te error: no space left on device\n")
    assert STUCK in server.log.read_bytes()
    assert server.is_stuck()


def test_an_engine_does_not_start_on_a_full_disk(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITELOOP_LEAST_FREE_MB", "100")
    with pytest.raises(processes.Trouble, match="磁盘空间不足"):
        Nats(small_disk).start()
    assert not Nats(small_disk).folder.joinpath("nats.conf").exists()


@pytest.mark.requirement("IOT-02")
def test_rows_wait_in_the_stream_while_raw_frames_cannot_be_kept(small_disk: Path, tmp_path: Path) -> None:
    """No row without its frame: the sink commits nothing, its position stays, and the same block goes in later, once."""
    plane = Plane(tmp_path / "plane")
    plane.sink.archive = plane.archive = RawArchive(small_disk / "raw")
    raw = [frame(f"a34004-Rtd={n}", mn=MN) * 40 for n in range(ROWS)]
    columns = blocks.columns(_block(0))
    big = blocks.encode(blocks.pack(listener="hj212", profile="dust", columns=columns, raw=raw))

    async def test() -> None:
        async with await plane.connect() as connection:
            await plane.sink.store(connection, [(1, blocks.encode(_block(9)))])
            before = plane.ledger()
            ballast = _fill(small_disk)
            with pytest.raises(OSError, match=r"No space left|short write"):
                await plane.sink.store(connection, [(2, big)])
        assert plane.ledger() == before
        assert plane.ask("SELECT count(*) FROM telemetry.dust") == [(ROWS,)]
        ballast.unlink()
        async with await plane.connect() as connection:  # as the sink does after every OSError
            await plane.sink.store(connection, [(2, big)])
        assert plane.ask("SELECT count(*) FROM telemetry.dust") == [(2 * ROWS,)]
        received, stored, control, rejected = plane.ledger()
        assert received == stored + control + rejected == 2 * ROWS
        chunks = plane.ask("SELECT file, position, size FROM telemetry.raw_chunk ORDER BY id")
        frames: list[Any] = [read_chunk(small_disk / "raw", *chunk) for chunk in chunks]
        assert [len(f) for f in frames] == [ROWS, ROWS]
        assert frames[1] == raw

    within(60, test)
