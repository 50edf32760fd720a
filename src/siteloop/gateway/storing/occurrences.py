"""Events on their way: pictures into the folder, rows into the table, both out again when their time is over."""

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.occurrence import Occurrence
from siteloop.kernel.times import from_us

log = logging.getLogger("siteloop.events")
FIELDS = tuple(Occurrence.__struct_fields__)
#: kinds that show a person's passage: kept as long as people's pictures may be
OF_PERSONS = ("access", "face")
EVERY_S = 3600
AT_ONCE = 500


def picture_path(folder: Path, sha256: str) -> Path:
    """Where a picture lies."""
    return folder / sha256[:2] / sha256


def keep_pictures(folder: Path, pictures: Sequence[tuple[str, bytes]]) -> None:
    """Write pictures (hash, bytes) and wait for the disk. Raises OSError."""
    for sha256, data in pictures:
        path = picture_path(folder, sha256)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        part = path.with_name(f"{sha256}.{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o640)
        part.replace(path)


def _row(one: Occurrence) -> list[Any]:
    """Values in the order of FIELDS."""
    changed: dict[str, Any] = {
        "at": from_us(one.at),
        "received_at": from_us(one.received_at),
        "pictures": json.dumps([msgspec.to_builtins(p) for p in one.pictures]),
    }
    return [changed.get(name, getattr(one, name)) for name in FIELDS]


_INSERT = sql.SQL(
    "INSERT INTO telemetry.event ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING 1"
).format(
    names=sql.SQL(", ").join(map(sql.Identifier, FIELDS)),
    marks=sql.SQL(", ").join([sql.Placeholder()] * len(FIELDS)),
)


async def insert(
    connection: psycopg.AsyncConnection[tuple[Any, ...]], found: Sequence[Occurrence]
) -> list[bool]:
    """Store events inside the caller's transaction; which of them were new."""
    new = []
    async with connection.cursor() as cursor:
        await cursor.executemany(_INSERT, [_row(one) for one in found], returning=True)
        for _ in found:
            new.append(await cursor.fetchone() is not None)
            cursor.nextset()
    return new


async def forget(settings: GatewaySettings) -> int:
    """Delete events whose time is over, and the pictures nothing refers to any more. Returns how many events."""
    gone = 0
    async with await psycopg.AsyncConnection.connect(settings.dsn, autocommit=True) as connection:
        while True:
            cursor = await connection.execute(
                "DELETE FROM telemetry.event WHERE id IN (SELECT id FROM telemetry.event"
                " WHERE received_at < now() - %s * interval '1 day'"
                " OR (kind = ANY(%s) AND received_at < now() - %s * interval '1 day') LIMIT %s) RETURNING pictures",
                [settings.event_days, list(OF_PERSONS), settings.person_event_days, AT_ONCE],
            )
            rows = await cursor.fetchall()
            gone += len(rows)
            for sha256 in {p["sha256"] for (pictures,) in rows for p in pictures}:
                cursor = await connection.execute(
                    "SELECT 1 FROM telemetry.event WHERE pictures @> %s::jsonb LIMIT 1",
                    [json.dumps([{"sha256": sha256}])],
                )
                if await cursor.fetchone() is None:
                    picture_path(settings.data / "pictures", sha256).unlink(missing_ok=True)
            if len(rows) < AT_ONCE:
                return gone


async def run(settings: GatewaySettings) -> None:
    """Forget what is over, every hour, for ever."""
    while True:
        try:
            gone = await forget(settings)
            if gone:
                log.info("%d events were forgotten", gone)
        except psycopg.OperationalError as wrong:
            log.warning("events are not forgotten now: %s", wrong)
        await asyncio.sleep(EVERY_S)
