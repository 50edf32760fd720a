"""Released messages on a real database: judged by today's registry, taken in once, told what became of them."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from siteloop.gateway.gathering import Gathering
from siteloop.gateway.quarantine.releasing import Releases
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.tests.listening import MN, RecordingBus, device, frame, within
from siteloop.gateway.tests.planes import Plane
from siteloop.kernel import block as blocks
from siteloop.kernel.registry import DeviceEntry, Registry


def _plane(folder: Path) -> Plane:
    return Plane(folder)


async def _released(
    plane: Plane, devices: tuple[DeviceEntry, ...], *raws: bytes, number: int = 0, listener: str = "hj212"
) -> tuple[list[dict[str, Any]], RecordingBus]:
    """Quarantine rows that somebody asked to release, after one round; their blocks on the bus."""
    registry, bus = RegistrySource(plane.dsn), RecordingBus()
    registry.use(Registry(1, devices, ()))
    gathering = Gathering("release", bus)
    flusher = asyncio.create_task(gathering.run())
    async with await psycopg.AsyncConnection.connect(
        plane.dsn, autocommit=True, row_factory=dict_row
    ) as connection:
        for raw in raws:
            await connection.execute(
                "INSERT INTO fast.quarantine (received_at, listener, device, reason, peer, raw, state, asked_at)"
                " VALUES (now(), %s, %s, 'unknown_device', '10.20.3.4:5121', %s, 'asked', now())",
                [listener, number, raw],
            )
        settings = GatewaySettings(plane.dsn, "", plane.folder)
        assert await Releases(settings, registry, gathering).round(connection) == len(raws)
        cursor = await connection.execute("SELECT state, outcome, done_at FROM fast.quarantine ORDER BY id")
        rows = await cursor.fetchall()
    flusher.cancel()
    return rows, bus


def test_a_frame_without_a_name_is_let_out_to_the_device_of_its_address(tmp_path: Path) -> None:
    async def test() -> None:
        rows, bus = await _released(
            _plane(tmp_path),
            (device(7, "GATE-7", quirks=("address:10.20.3.4",)),),
            frame("LA-Rtd=61", mn="null"),
        )
        assert [r["state"] for r in rows] == ["released"] and bus.rows == 1

    within(30, test)


@pytest.mark.requirement("IOT-02", "DB-04")
def test_a_registered_senders_frame_is_taken_in_and_the_ledger_adds_up(tmp_path: Path) -> None:
    plane = _plane(tmp_path)

    async def test() -> None:
        sent = frame("a34004-Rtd=36.0,a34004-Flag=N")
        rows, bus = await _released(plane, (device(1, MN, password="123456"),), sent)
        assert [(r["state"], r["done_at"] is not None) for r in rows] == [("released", True)]
        connection = await plane.connect()
        await plane.store(connection, *bus.blocks)
        assert plane.ask("SELECT device, pm25 FROM telemetry.dust") == [(1, 36.0)]
        assert plane.ledger() == (1, 1, 0, 0)
        assert plane.ask("SELECT listener FROM fast.ledger") == [("release",)]
        assert blocks.raw_frame(bus.blocks[0], 0) == sent
        # out of quarantine a second time: the row is there already, and counted so
        _, again = await _released(plane, (device(1, MN, password="123456"),), sent)
        await plane.store(connection, *again.blocks)
        assert plane.ask("SELECT count(*) FROM telemetry.dust") == [(1,)]
        assert plane.ledger() == (2, 1, 0, 1)
        await connection.close()

    within(30, test)


def test_what_is_still_wrong_stays_and_says_why(tmp_path: Path) -> None:
    plane = _plane(tmp_path)

    async def test() -> None:
        sent = frame("a34004-Rtd=36.0,a34004-Flag=N")
        broken = sent[:-6] + b"BEEF\r\n"
        rows, bus = await _released(plane, (device(1, "ANOTHER"),), sent, broken, b"x" * 4096)
        assert [r["state"] for r in rows] == ["refused"] * 3
        assert [r["outcome"].split()[0] for r in rows] == ["unknown_device", "bad_crc", "wrong_length"]
        assert bus.rows == 0

    within(30, test)


def test_json_of_a_proven_device_is_taken_in(tmp_path: Path) -> None:
    plane = _plane(tmp_path)

    async def test() -> None:
        rows, bus = await _released(
            plane, (device(4, "D4"),), b'{"pm25": 36}', b'[{"pm25": "high"}]', number=4, listener="http"
        )
        assert [r["state"] for r in rows] == ["released", "refused"]
        assert bus.rows == 1
        strange, nothing = await _released(plane, (device(4, "D4"),), b'{"pm25": 37}', listener="http")
        assert strange[-1]["state"] == "refused"
        assert nothing.rows == 0

    within(30, test)
