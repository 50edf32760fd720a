"""The registry at an edge: its own devices only, asked of the centre, kept on disk for the time without it."""

import asyncio
import contextlib
import os
import time
from pathlib import Path

import msgspec

from siteloop.gateway.edge import words
from siteloop.gateway.edge.bus import EdgeBus, Unreachable
from siteloop.gateway.registry_source import RegistrySource
from siteloop.kernel.placement import Placement

LOOK_S = 10.0


class EdgeRegistry(RegistrySource):
    """`use_kept()` at the start, then `watch()`. The kept file holds the devices' secrets: it is readable by its owner only."""

    def __init__(self, bus: EdgeBus, folder: Path) -> None:
        super().__init__("")
        self.bus, self.path = bus, folder / "edge-registry"
        self.placement = Placement()
        self.is_known = False
        self.confirmed_at = 0.0  # seconds since the epoch
        self._doubt = asyncio.Event()

    def use_kept(self) -> bool:
        """Put in force what the centre said last; whether there was something."""
        with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError):
            self._take(words.snapshot(self.path.read_bytes()))
            self.confirmed_at = self.path.stat().st_mtime
        return self.is_known

    def _take(self, answer: words.Snapshot) -> None:
        self.placement = Placement.given(answer.places, answer.partitions)
        if answer.registry is not None:
            self.use(answer.registry)
        self.is_known = True

    async def refresh(self) -> bool:
        """Ask the centre; whether something changed. Raises Unreachable."""
        asked = words.Ask(self.current.version, self.placement.partitions if self.is_known else 0)
        try:
            answer = words.snapshot(await self.bus.ask("registry", words.encode(asked)))
        except msgspec.MsgspecError as wrong:
            raise Unreachable(f"the centre's answer cannot be read: {wrong}") from wrong
        self.confirmed_at = time.time()
        if answer.registry is None:
            return False
        self._take(answer)
        self._keep(answer)
        return True

    def _keep(self, answer: words.Snapshot) -> None:
        part = self.path.with_suffix(".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with part.open("wb") as file:
            file.write(words.encode(answer))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)

    def doubt(self) -> None:
        """Ask again soon: the centre does not take what we send where we send it."""
        self._doubt.set()

    async def watch(self) -> None:
        """Follow the centre, for ever."""
        while True:
            with contextlib.suppress(Unreachable):
                await self.refresh()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._doubt.wait(), LOOK_S)
                await asyncio.sleep(1)
            self._doubt.clear()
