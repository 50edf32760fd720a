"""Who is connected, and when a device was last heard; written in bulk every few seconds."""

import asyncio
import time

import psycopg

EVERY_S = 3


class Presence:
    """Connections by device number. `send(device, command frame)` goes through the connection that is here."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._here: dict[int, object] = {}
        self._through: dict[object, set[int]] = {}  # connection -> devices that speak over it
        self._peer: dict[int, str] = {}
        self._since: dict[int, float] = {}
        self._seen: dict[int, float] = {}
        self._dirty: set[int] = set()

    def seen(self, device: int, connection: object, peer: str) -> None:
        """A message of a device came over this connection."""
        now = time.time()
        if self._here.get(device) is not connection:
            self._here[device], self._peer[device] = connection, peer
            self._through.setdefault(connection, set()).add(device)
            self._since[device] = now
        self._seen[device] = now
        self._dirty.add(device)

    def heard(self, device: int, peer: str) -> None:
        """A message of a device that holds no connection (HTTP)."""
        self._peer[device], self._seen[device] = peer, time.time()
        self._dirty.add(device)

    def gone(self, connection: object) -> None:
        """A connection was closed."""
        for device in self._through.pop(connection, ()):
            if self._here.get(device) is connection:
                del self._here[device]
                self._dirty.add(device)

    def left(self, device: int, connection: object) -> None:
        """A device speaks no more over a connection that goes on for others."""
        self._through.get(connection, set()).discard(device)
        if self._here.get(device) is connection:
            del self._here[device]
            self._dirty.add(device)

    def through(self, connection: object) -> set[int]:
        """Devices that speak over a connection."""
        return set(self._through.get(connection, ()))

    def connection(self, device: int) -> object | None:
        """Where the device can be reached, None when it is not connected here."""
        return self._here.get(device)

    def devices(self) -> list[int]:
        """Devices that are connected here."""
        return list(self._here)

    async def run(self) -> None:
        """Write changes every three seconds, for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write()

    def all_gone(self) -> None:
        """The listener stops: nobody is connected here any more."""
        for connection in list(self._through):
            self.gone(connection)

    async def write(self) -> None:
        """Write what changed; kept for the next time when the database is away."""
        dirty, self._dirty = self._dirty, set()
        if not dirty:
            return
        now = time.time()
        rows = [
            (d, d in self._here, self._peer.get(d, ""), self._since.get(d, now), self._seen.get(d, now))
            for d in sorted(dirty)
        ]
        try:
            async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                await connection.execute(
                    "INSERT INTO fast.status AS s (device, connected, peer, since, last_seen)"
                    " SELECT d, c, p, to_timestamp(f), to_timestamp(l)"
                    " FROM unnest(%s::int[], %s::bool[], %s::text[], %s::float8[], %s::float8[]) AS t (d, c, p, f, l)"
                    # the end of an old connection here says nothing about a newer one at another listener
                    " ON CONFLICT (device) DO UPDATE SET connected = excluded.connected, peer = excluded.peer,"
                    " since = excluded.since, last_seen = greatest(s.last_seen, excluded.last_seen)"
                    " WHERE excluded.connected OR excluded.since >= s.since OR excluded.peer = s.peer",
                    [list(column) for column in zip(*rows, strict=True)],
                )
        except psycopg.OperationalError:
            self._dirty |= dirty
