"""`siteloop backup FOLDER` and `siteloop restore FOLDER`.

A backup made while devices talk holds every message that was answered before it began: the stream's end is noted first, and
the dump waits until the sink has stored up to there.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from siteloop.entry import environment, migrating, wiring
from siteloop.entry.backups import contents, database, sealing
from siteloop.entry.engines import processes
from siteloop.entry.supervisor import Supervisor
from siteloop.entry.trouble import Trouble
from siteloop.gateway import schema
from siteloop.gateway.bus import Bus
from siteloop.kernel import placement

PATIENCE_S = 120.0  # for the sink to reach the stream's end


@contextmanager
def _engines() -> Iterator[tuple[str, str]]:
    """(database, bus) of the running program; where none runs, engines and a sink are started for the while."""
    running = wiring.state(environment.read().data)
    if running and processes.is_running(
        int(running["supervisor"]), "siteloop"
    ):  # a killed program leaves its notes behind
        yield str(running["database_url"]), str(running["nats_url"])
        return
    supervisor = Supervisor(only=("sink",), quiet=True)
    try:
        supervisor.prepare()
        supervisor.start_roles()
        yield supervisor.database_url, supervisor.nats_url
    finally:
        supervisor.stop()


def backup(folder: Path, passphrase: str) -> contents.Manifest:
    """Write a new backup. Raises Trouble; an unfinished folder has no manifest and is refused by restore."""
    data = environment.read().data
    if folder.exists() and any(folder.iterdir()):
        raise Trouble(f"{folder} 不是空文件夹", f"{folder} is not empty")
    if not (data / "siteloop").exists():
        raise Trouble(f"{data} 不是本程序的数据目录", f"{data} is not a data folder of this program")
    sealed = sealing.seal(data / "secrets", passphrase)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _engines() as (url, bus):
        with psycopg.connect(url) as connection:
            asyncio.run(_until_stored(url, bus))
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            rows = database.dump(url, folder / contents.DATABASE, connection)
            row = connection.execute("SELECT max(version) FROM fast.schema_version").fetchone()
        # after the dump: every file that a row of the dump names is there by now
        contents.copy(data, folder)
    (folder / contents.KEYS).write_bytes(sealed)
    return contents.write(folder, row[0] if row else 0, rows)


async def _until_stored(url: str, address: str) -> None:
    """Until the sinks have stored what the streams hold now. Raises Trouble."""
    partitions = wiring.whole_number("SITELOOP_PARTITIONS", 1, placement.MOST)
    bus = Bus(address, "backup", partitions, wiring.whole_number("SITELOOP_REPLICAS", 1, 5))
    await bus.connect()
    try:
        ends = {await bus.identity(p): await bus.depth(p) for p in range(bus.partitions)}
    finally:
        await bus.close()
    waiting = {stream: last for stream, (blocks, _, last) in ends.items() if blocks}
    end = time.monotonic() + PATIENCE_S
    while waiting:
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT stream, seq FROM fast.position WHERE consumer = 'sink'")
            stored = {str(stream): int(seq) for stream, seq in rows.fetchall()}
        waiting = {stream: last for stream, last in waiting.items() if stored.get(stream, 0) < last}
        if not waiting:
            return
        if time.monotonic() > end:
            raise Trouble("入库落后，暂不能备份，请检查 sink", "the sink lags too far behind for a backup")
        await asyncio.sleep(0.2)


def restore(folder: Path, passphrase: str) -> contents.Manifest:
    """Fill a new data folder (SITELOOP_DATA) from a backup and check it row by row. Raises Trouble."""
    data = environment.read().data
    if data.exists() and any(data.iterdir()):
        raise Trouble(
            f"{data} 不是空文件夹，恢复只写入新的数据目录（SITELOOP_DATA）",
            f"{data} is not empty; a restore only fills a new data folder",
        )
    manifest = contents.read(folder)
    if manifest.schema > newest_schema():
        raise Trouble("备份由更新的程序制作，请升级程序", "the backup was made by a newer program")
    sealing.unseal((folder / contents.KEYS).read_bytes(), passphrase, data / "secrets")
    supervisor = Supervisor(only=(), quiet=True)
    try:
        supervisor.prepare()
        database.restore(supervisor.database_url, folder / contents.DATABASE)
        with psycopg.connect(supervisor.database_url) as connection:
            found = database.counts(connection)
        wrong = [name for name, n in manifest.rows.items() if found.get(name) != n]
        if wrong:
            raise Trouble(
                f"恢复后行数不符：{'、'.join(wrong)}", f"rows are missing after the restore: {wrong}"
            )
        contents.copy(folder, data)
        migrating.migrate(supervisor.database_url)
    finally:
        supervisor.stop()
    return manifest


def newest_schema() -> int:
    """Version of the fast plane's tables this program makes."""
    return int(sorted(schema.MIGRATIONS.glob("[0-9]*.sql"))[-1].name[:4])
