"""A listener role on real sockets with a recording bus: what the listener tests share."""

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Block
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.protocols.hj212.crc import VARIANTS
from siteloop.protocols.hj212.frame import build
from siteloop.protocols.hj212.talk import qn_of, stamp

TOKEN = "a-device-token"
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()
MN = "010000A8900016F000169DC0"
_numbered = 0  # the time in the last QN, microseconds


class RecordingBus:
    """Keeps blocks; `hold()` makes it a bus that is down until `release()`."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._open = asyncio.Event()
        self._open.set()
        self.asked = asyncio.Event()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def publish_block(self, block: Block, partition: int = 0) -> int:
        self.asked.set()
        await self._open.wait()
        self.blocks.append(block)
        return len(self.blocks)

    @property
    def rows(self) -> int:
        return sum(b.rows for b in self.blocks)

    @property
    def reasons(self) -> list[str]:
        return [r.reason for b in self.blocks for r in b.rejects]


def device(number: int, code: str, **more: Any) -> DeviceEntry:
    return DeviceEntry(number, code, more.pop("profile", "dust"), 1, "330482", token_hash=DIGEST, **more)


DEVICES = (
    device(1, MN, password="123456"),
    device(2, "SWAPPED", crc="hj212_swapped"),
    device(3, "OFF", enabled=False),
    device(4, "D4"),
    device(5, "SPRAY5", profile="sprayer"),
)


@contextlib.asynccontextmanager
async def listening(
    devices: tuple[DeviceEntry, ...] = DEVICES,
    compiled: bool = False,
    decoder_s: float | None = None,
    tls: tuple[Path | None, Path | None] | None = None,
) -> AsyncIterator[tuple[ListenerRole, RecordingBus]]:
    free = ("127.0.0.1", 0)
    data = Path(os.environ["SITELOOP_DATA"])
    accelerate = compiled or decoder_s is not None
    settings = GatewaySettings(
        "",
        "",
        data,
        hj212=free,
        mqtt=free,
        jt808=free,
        lifting=free,
        weighbridge=free,
        intake=free,
        accelerate=accelerate,
    )
    if tls is not None:
        settings = replace(
            settings, hj212_tls=free, mqtt_tls=free, intake_tls=free, tls_chain=tls[0], tls_key=tls[1]
        )
    registry, bus = RegistrySource(""), RecordingBus()
    registry.use(Registry(1, devices, ()))
    role = ListenerRole(settings, bus, registry, decoder_s=120 if decoder_s is None else decoder_s)
    try:
        await role.start(with_database=False)
        yield role, bus
    finally:
        bus.release()
        await role.stop()


def within(seconds: float, test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's coroutine; hanging is failing."""
    asyncio.run(asyncio.wait_for(test(), seconds))


def frame(
    area: str,
    mn: str = MN,
    cn: str = "2011",
    flag: str = "5",
    pw: str = "123456",
    qn: str = "",
    crc: str = "hj212",
    extra: str = "",
) -> bytes:
    """An upload with the present time in front of `area`; two made within one millisecond are two all the same."""
    global _numbered
    now = time.time_ns() // 1000
    _numbered = max(now, _numbered + 1000)
    qn = qn or qn_of(_numbered)
    segment = f"QN={qn};ST=39;CN={cn};PW={pw};MN={mn};Flag={flag};{extra}CP=&&DataTime={stamp(now)};{area}&&".encode()
    return build(segment, VARIANTS[crc](segment))


async def settled(role: ListenerRole) -> None:
    """Everything taken in is on the bus."""
    for gathering in role.gatherings.values():
        await gathering.durable()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that tells nobody when it happens; the test's deadline ends it."""
    while not condition():  # noqa: ASYNC110 - looked at from outside
        await asyncio.sleep(0.01)
