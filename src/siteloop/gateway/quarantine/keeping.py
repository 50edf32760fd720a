"""How many refused messages are kept: anybody who reaches a port can fill the quarantine, and must not fill the disk with it.

Of strangers fewer are kept than of registered devices, so that a flood pushes out strangers. What an officer asked to release stays until
that is done. The ledger counts them all for ever.
"""

import asyncio
import logging

import psycopg

from siteloop.gateway.settings import GatewaySettings

log = logging.getLogger("siteloop.sink")
EVERY_S = 60
DAYS = 400
MOST = 1_000_000
MOST_OF_STRANGERS = 200_000
AT_ONCE = 20_000  # rows of one statement
OVER = "state IN ('kept', 'refused')"


async def forget(dsn: str, most: int = MOST, of_strangers: int = MOST_OF_STRANGERS) -> int:
    """Delete the oldest beyond what is kept, and what is past its days; returns how many. Raises psycopg.OperationalError."""
    gone = 0
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        old = f"received_at < now() - interval '{DAYS} days'"
        gone += await _delete(connection, f"{OVER} AND {old}", 0)
        if await _about(connection) > min(most, of_strangers):
            gone += await _delete(connection, f"{OVER} AND device = 0", of_strangers)
            gone += await _delete(connection, f"{OVER} AND device <> 0", most)
    return gone


async def _about(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> int:
    """How many rows there are by the server's own counting, which costs nothing."""
    cursor = await connection.execute(
        "SELECT n_live_tup FROM pg_stat_user_tables WHERE relid = 'fast.quarantine'::regclass"
    )
    row = await cursor.fetchone()
    return int(str(row[0])) if row else 0


async def _delete(connection: psycopg.AsyncConnection[tuple[object, ...]], which: str, kept: int) -> int:
    """The rows behind the newest `kept` of a sort, in portions."""
    gone = 0
    while True:
        cursor = await connection.execute(
            f"DELETE FROM fast.quarantine WHERE id IN (SELECT id FROM fast.quarantine WHERE {which}"  # noqa: S608 - our own words
            " ORDER BY id DESC OFFSET %s LIMIT %s)",
            [kept, AT_ONCE],
        )
        gone += cursor.rowcount
        if cursor.rowcount < AT_ONCE:
            return gone


async def run(settings: GatewaySettings) -> None:
    """Forget what is over, every minute, for ever."""
    while True:
        try:
            gone = await forget(settings.dsn)
            if gone:
                log.info("%d refused messages were forgotten", gone)
        except psycopg.OperationalError as wrong:
            log.warning("refused messages are not forgotten now: %s", wrong)
        await asyncio.sleep(EVERY_S)
