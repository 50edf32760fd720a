"""`siteloop archive` and the nightly job do the same: days past their terms leave, old raw frames are removed; backups take both along."""

import asyncio
import datetime as dt
from pathlib import Path

import psycopg
import pytest

from siteloop.entry import archive
from siteloop.entry.backups import contents
from siteloop.gateway.tests.planes import NORMAL_ROW, Plane, block_of
from siteloop.kernel.times import to_us

OLD = to_us(dt.datetime(2024, 9, 21, 12, tzinfo=dt.UTC))


def test_it_works_on_the_installation_as_the_fast_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = Plane(tmp_path)

    async def receive() -> None:
        async with await plane.connect() as connection:
            await plane.store(connection, block_of([(1, OLD, NORMAL_ROW)]))

    asyncio.run(receive())
    plane.ask_owner("UPDATE telemetry.rolled SET until = now()")
    plane.ask_owner("DELETE FROM telemetry.dirty")
    owner = psycopg.conninfo.conninfo_to_dict(plane.dsn)
    owner.pop("options")
    monkeypatch.setenv("SITELOOP_DATABASE_URL", psycopg.conninfo.make_conninfo(**owner))
    monkeypatch.setenv("SITELOOP_DATA", str(tmp_path))
    said: list[str] = []
    done = archive.leave({"dust": 400}, 400, said.append)
    assert (done["days"], done["rows"], done["raw_days"]) == (["dust 2024-09-21"], 1, 1)
    assert "dust 2024-09-21：1 行" in said[0]
    assert (tmp_path / "archive" / "dust" / "2024" / "20240921-1.parquet").exists()
    assert list((tmp_path / "raw").iterdir()) == []
    assert archive.leave({"dust": 400}, None)["days"] == []


def test_a_backup_takes_the_archive_and_no_unfinished_file(tmp_path: Path) -> None:
    source, target = tmp_path / "data", tmp_path / "backup"
    folder = source / "archive" / "dust"
    folder.mkdir(parents=True)
    (folder / "20240921-1.parquet").write_bytes(b"rows")
    (folder / "20240922-1.part").write_bytes(b"half")
    contents.copy(source, target)
    found = sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file())
    assert found == ["archive/dust/20240921-1.parquet"]
