"""The registry as the fast plane holds it: loaded whole, again at every NOTIFY and every half minute."""

import asyncio
from collections.abc import Callable
from typing import cast

import psycopg

from siteloop.gateway import figures
from siteloop.kernel import quirks
from siteloop.kernel import registry as registries
from siteloop.kernel.registry import DeviceEntry, Registry

EMPTY = Registry(0, (), ())


class RegistrySource:
    """`current`, `by_code` and `by_number` change together, in one step of the loop."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.current = EMPTY
        self.by_code: dict[str, DeviceEntry] = {}
        self.by_number: dict[int, DeviceEntry] = {}
        self._by_address: dict[
            str, DeviceEntry | None
        ] = {}  # of devices without a name; None where two claim it
        self._listeners: list[Callable[[Registry], None]] = []

    def on_change(self, listener: Callable[[Registry], None]) -> None:
        """Call with every new version."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[Registry], None]) -> None:
        """Call no more."""
        self._listeners.remove(listener)

    def use(self, registry: Registry) -> None:
        """Put a version in force."""
        self.current = registry
        self.by_code = {d.code: d for d in registry.devices}
        self.by_number = {d.number: d for d in registry.devices}
        self._by_address = {}
        for device in registry.devices:
            for setting in device.quirks:
                if setting.startswith(quirks.ADDRESS):
                    is_taken = setting in self._by_address
                    self._by_address[setting] = None if is_taken else device
        for listener in self._listeners:
            listener(registry)
        figures.REGISTRY.set(registry.version)

    def speaker(self, mn: str, peer: str) -> DeviceEntry | None:
        """The device that says `mn` from `peer` (host:port); one that says none is known by its address where its setting says so."""
        found = self.by_code.get(mn)
        return found or (self._by_address.get(quirks.address_of(peer)) if quirks.is_nameless(mn) else None)

    async def load(self) -> bool:
        """Read the present version; whether it was new. Raises psycopg.OperationalError."""
        async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
            return await self._read(connection)

    async def _read(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> bool:
        cursor = await connection.execute(
            "SELECT version, body FROM fast.registry WHERE version > %s", [self.current.version]
        )
        row = await cursor.fetchone()
        if row is None:
            return False
        self.use(registries.decode(bytes(cast(bytes, row[1]))))
        return True

    async def watch(self) -> None:
        """Follow changes for ever, through every loss of the database."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                    await connection.execute("LISTEN siteloop_registry")
                    while True:
                        await self._read(connection)
                        async for _ in connection.notifies(timeout=30, stop_after=1):
                            pass
            except psycopg.OperationalError:
                await asyncio.sleep(1)
