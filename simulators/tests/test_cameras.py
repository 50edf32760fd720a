"""The demo's cameras over real HTTP: each maker's events and signs of life are taken in, with a picture a browser can show."""

import asyncio
import hashlib
import struct
import zlib

import pytest

from simulators.event_device import MAKERS, EventDevice
from simulators.scene import HEIGHT, WIDTH, scene
from siteloop.gateway.tests.listening import TOKEN, device, listening, until, within
from siteloop.kernel import block as blocks

HA1 = hashlib.md5(f"CAM-1:siteloop:{TOKEN}".encode()).hexdigest()  # noqa: S324 - what RFC 7616 prescribes


@pytest.mark.requirement("IOT-06")
@pytest.mark.parametrize("maker", list(MAKERS))
def test_a_camera_of_each_maker_is_heard(maker: str) -> None:
    async def test() -> None:
        known = device(1, "CAM-1", profile="gate" if maker == "gate" else "camera", ha1=HA1)
        async with listening((known,)) as (role, bus):
            one = EventDevice(
                ("127.0.0.1", role.ports["intake"]), "CAM-1", TOKEN, maker, alive_s=0.3, event_s=0.3, seed=3
            )
            talking = asyncio.create_task(one.run())
            await until(lambda: bus.rows >= 2 and sum(len(b.events) for b in bus.blocks) >= 2)
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            assert not bus.reasons
            assert next(float(blocks.columns(b).values[0, 0]) for b in bus.blocks if b.rows) == 1.0
            events = [e for b in bus.blocks for e in b.events]
            assert {e.kind for e in events} != {"other"}
            assert all(bool(e.pictures) is (maker != "gate") for e in events)
            assert all(e.person for e in events) is (maker == "gate")

    within(30, test)


def test_what_was_not_taken_is_pushed_again() -> None:
    async def test() -> None:
        async with listening((device(1, "CAM-1", profile="camera"),)) as (role, bus):
            address = ("127.0.0.1", role.ports["intake"])
            stranger = EventDevice(address, "CAM-1", "wrong", "plain", alive_s=60, event_s=60)
            talking = asyncio.create_task(stranger.run())
            await until(lambda: "wrong_password" in bus.reasons)
            assert len(stranger.waiting) >= 1
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            assert stranger.accepted == 0

    within(30, test)


def test_a_scene_is_a_png_and_every_moment_another() -> None:
    data = scene(1)
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and data != scene(2) and data == scene(1)
    assert struct.unpack(">II", data[16:24]) == (WIDTH, HEIGHT)
    at = data.index(b"IDAT") + 4
    size = struct.unpack(">I", data[at - 8 : at - 4])[0]
    assert len(zlib.decompress(data[at : at + size])) == HEIGHT * (WIDTH * 3 + 1)
