"""Blocks, a migrated database and a bus of real engines: what the tests of sink, judge, roll-ups and live share."""

import itertools
import os
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from siteloop.gateway import schema
from siteloop.gateway.bus import Bus
from siteloop.gateway.raw.archive import RawArchive
from siteloop.gateway.settings import GatewaySettings
from siteloop.gateway.storing.sink import Sink
from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Columns, Kind

T0 = 1_790_000_000_000_000  # µs
NORMAL_ROW = [35.0, 80.0, 120.0, 60.0, 20.0, 50.0, 101.0, 2.0, 90.0]


def new_database() -> str:
    """A database of the test's own in the run's PostgreSQL, migrated, as the role of the fast plane."""
    owner = os.environ["SITELOOP_DATABASE_URL"]
    name = f"fast_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    dsn = psycopg.conninfo.make_conninfo(owner, dbname=name)
    schema.migrate(dsn)
    return psycopg.conninfo.make_conninfo(dsn, options="-c role=siteloop_fast")


def columns_of(rows: list[tuple[Any, ...]], kind: Kind = Kind.REALTIME) -> Columns:
    """Rows (device, at µs[, values[, quality]]) as columns; NaN is absent."""
    values = np.array([r[2] if len(r) > 2 else NORMAL_ROW for r in rows], np.float32).T
    quality = np.array([r[3] if len(r) > 3 else [0] * 9 for r in rows], np.uint8).T
    quality = np.where(np.isnan(values) & (quality == 0), 15, quality).astype(np.uint8)
    at = np.array([r[1] for r in rows], np.int64)
    return Columns(
        np.array([r[0] for r in rows], np.int32),
        at,
        at + 500_000,
        values,
        quality,
        np.full(len(rows), kind, np.uint8),
    )


def block_of(rows: list[tuple[Any, ...]], kind: Kind = Kind.REALTIME, **more: Any) -> Block:
    """A block with raw frames."""
    raw = [f"frame {r[0]} {r[1]}".encode() for r in rows]
    return blocks.pack(listener="hj212", profile="dust", columns=columns_of(rows, kind), raw=raw, **more)


class StillBus:
    """Only a name: for tests that hand blocks to the sink themselves."""

    async def identity(self, partition: int = 0) -> str:
        return f"BLOCKS-{partition}@test"

    async def reader(self, after: int, partition: int = 0) -> int:
        return after

    async def say(self, subject: str, message: dict[str, Any]) -> None:
        return None


class Plane:
    """A sink on a fresh database; `store` gives it blocks as the bus would."""

    def __init__(self, folder: Path, bus: Bus | None = None) -> None:
        self.dsn = new_database()
        self.folder = folder
        self.bus: Any = bus or StillBus()
        self.settings = GatewaySettings(self.dsn, "", folder)
        self.archive = RawArchive(folder / "raw")
        self.sink = Sink(self.settings, self.bus, self.archive)
        self.seq = itertools.count(1)

    async def connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection.connect(self.dsn, autocommit=True)
        await self.sink.start(connection)
        return connection

    async def store(self, connection: psycopg.AsyncConnection[Any], *many: Block) -> None:
        await self.sink.store(connection, [(next(self.seq), blocks.encode(b)) for b in many])

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(question, values).fetchall()

    def ask_owner(self, statement: str) -> None:
        """As the owner of the database, without an answer."""
        name = psycopg.conninfo.conninfo_to_dict(self.dsn)["dbname"]
        owner = psycopg.conninfo.make_conninfo(os.environ["SITELOOP_DATABASE_URL"], dbname=str(name))
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(statement)

    def ledger(self) -> tuple[int, int, int, int]:
        """(received, stored, control, rejected)."""
        received, stored, control = self.ask(
            "SELECT coalesce(sum(received),0)::int, coalesce(sum(stored),0)::int, coalesce(sum(control),0)::int FROM fast.ledger"
        )[0]
        rejected = self.ask("SELECT coalesce(sum(n), 0)::int FROM fast.ledger_rejected")[0][0]
        return received, stored, control, rejected
