"""Events in the database: stored once, the ledger adds up, and forgotten with their pictures when their time is over."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from siteloop.gateway.gathering import NOTHING
from siteloop.gateway.opening import open_block
from siteloop.gateway.storing import occurrences
from siteloop.gateway.storing.occurrences import keep_pictures, picture_path
from siteloop.gateway.tests.planes import T0, Plane
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block
from siteloop.kernel.occurrence import Kept, Occurrence
from siteloop.kernel.times import SECOND

pytestmark = pytest.mark.requirement("IOT-09")


def event(serial: str, **more: Any) -> Occurrence:
    told = {
        "device": 7,
        "at": T0,
        "received_at": T0 + SECOND,
        "maker": "plain",
        "kind": "fire",
        "code": "fire",
    }
    return Occurrence(**{**told, "serial": serial, **more})


def block(*found: Occurrence) -> Block:
    return blocks.pack(listener="events", profile="", columns=NOTHING, events=found)


def _store(plane: Plane, *many: Block) -> None:
    async def test() -> None:
        async with await plane.connect() as connection:
            await plane.store(connection, *many)

    asyncio.run(test())


@pytest.mark.requirement("SEC-09")
def test_an_event_is_stored_once_and_the_ledger_adds_up(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    one, other = event("1", region="[[[0.1, 0.2]]]"), event("2", kind="access", accepted=True, person="17")
    _store(plane, block(one, other), block(one))
    assert plane.ask("SELECT serial, kind, accepted FROM telemetry.event ORDER BY id") == [
        ("1", "fire", None),
        ("2", "access", True),
    ]
    assert plane.ledger() == (3, 2, 0, 1)
    assert plane.ask("SELECT device, received, stored FROM fast.ledger") == [(7, 3, 2)]
    assert plane.ask("SELECT reason FROM fast.ledger_rejected") == [("duplicate",)]


@pytest.mark.parametrize("wrong", [{"at": 0}, {"received_at": 2**62}, {"device": 0}])
def test_an_impossible_event_is_put_aside_with_its_block(wrong: dict[str, Any]) -> None:
    opened = open_block(1, blocks.encode(block(event("1", **wrong))))
    assert "impossible" in opened.wrong


def test_a_block_of_before_has_no_events() -> None:
    old = msgspec.msgpack.decode(blocks.encode(block()))
    del old["events"]
    assert blocks.decode(msgspec.msgpack.encode(old)).events == ()


@pytest.mark.requirement("SEC-06")
def test_passages_and_pictures_are_forgotten_when_their_time_is_over(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    folder = tmp_path / "pictures"
    pictures = {n: f"\xff\xd8\xff {n}".encode("latin-1") for n in ("face", "fire", "shared")}
    named = {n: hashlib.sha256(d).hexdigest() for n, d in pictures.items()}
    keep_pictures(folder, [(named[n], d) for n, d in pictures.items()])
    keep_pictures(folder, [(named["face"], pictures["face"])])  # a second time costs nothing

    def kept(*names: str) -> tuple[Kept, ...]:
        return tuple(Kept(named[n], "image/jpeg", 5) for n in names)

    _store(
        plane,
        block(
            event("1", kind="face", pictures=kept("face", "shared")),
            event("2", kind="fire", pictures=kept("fire", "shared")),
        ),
    )

    async def forget() -> int:
        return await occurrences.forget(plane.settings)

    def age(days: int) -> None:
        statement = "UPDATE telemetry.event SET received_at = now() - interval '%d days'"
        plane.ask_owner(statement % days)

    age(29)
    assert asyncio.run(forget()) == 0
    age(31)
    assert asyncio.run(forget()) == 1
    assert plane.ask("SELECT serial FROM telemetry.event") == [("2",)]
    there = {n for n in named if picture_path(folder, named[n]).exists()}
    assert there == {"fire", "shared"}, "a picture another event shows stays"
    age(91)
    assert asyncio.run(forget()) == 1
    assert not any(picture_path(folder, sha).exists() for sha in named.values())
