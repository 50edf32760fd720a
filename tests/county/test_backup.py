"""A backup made while devices talk comes back as a running program with everything that had been answered."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from siteloop.entry.testing_stack import Stack
from tests.county.caller import Caller
from tests.county.cast import Cast

PASSPHRASE = "一句只有备份人知道的话 2026"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
TRAIL = "from siteloop.entry.migrating import django_ready; django_ready(); from siteloop.framework import trail; print(trail.verify())"
NAME = "from siteloop.entry.migrating import django_ready; django_ready(); from siteloop.foundation.people.models import Person; print(Person.objects.unscoped('test').order_by('pk').first().name)"


def ask(stack: Stack, code: str) -> str:
    """What the program on that data says to a few lines."""
    env = {**stack.environment, "SITELOOP_DATABASE_URL": stack.database_url}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True, timeout=120
    ).stdout.strip()


def run(stack: Stack, *words: str, passphrase: str = PASSPHRASE) -> subprocess.CompletedProcess[str]:
    env = {**stack.environment, "SITELOOP_BACKUP_PASSPHRASE": passphrase}
    command = [sys.executable, "-m", "siteloop.entry.cli", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)


OLD = "2020-03-04"


def archive(stack: Stack, code: str) -> None:
    """A row of long ago, which leaves for the archive."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute("SET ROLE siteloop_fast")
        connection.execute(
            "CREATE TABLE telemetry.dust_20200304 PARTITION OF telemetry.dust FOR VALUES FROM ('2020-03-04T00:00Z') TO ('2020-03-05T00:00Z')"
        )
        connection.execute("RESET ROLE")
        connection.execute(
            "INSERT INTO telemetry.dust (device, at, received_at, quality, pm25)"
            " SELECT number, '2020-03-04T04:00Z', '2020-03-04T04:00Z', 0, 42 FROM registry_device WHERE code = %s",
            [code],
        )
    left = run(stack, "archive")
    assert left.returncode == 0, left.stderr
    assert "dust 2020-03-04：1 行" in left.stdout


@pytest.fixture(scope="module")
def kept(
    county: Stack, ready: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """A backup, and what the running program knew when it was made."""
    cast = Cast(county)
    code = cast.stories["silent"]["monitors"][0]
    monitor = cast.monitor(code, pm25=23.0)
    county.until(lambda: monitor.device.confirmed >= 3, 30)
    caller = Caller(county.url, "county", ready["password"])
    evidence = caller.pages.post(
        "/files/upload",
        files={"file": ("现场.png", PNG)},
        headers={"X-CSRFToken": caller.pages.cookies["csrftoken"], "Referer": county.url},
    )
    assert evidence.status_code == 201, evidence.text
    answered = monitor.device.confirmed
    archive(county, code)
    folder = tmp_path_factory.mktemp("backup") / "one"
    made = run(county, "backup", str(folder))
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    cast.stop()
    caller.close()
    yield {
        "folder": folder,
        "said": said,
        "code": code,
        "answered": answered,
        "evidence": evidence.json()["id"],
    }


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Stack]:
    """A place for a restore."""
    made = Stack(tmp_path / "again")
    yield made
    made.stop()


def test_a_restored_program_runs_with_all_that_was_answered(
    kept: dict[str, Any], empty: Stack, county: Stack, ready: dict[str, Any]
) -> None:
    back = run(empty, "restore", str(kept["folder"]))
    assert back.returncode == 0, back.stderr
    empty.start()
    with psycopg.connect(empty.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM telemetry.dust d JOIN registry_device r ON r.number = d.device WHERE r.code = %s",
            [kept["code"]],
        ).fetchone()
    assert row is not None
    assert row[0] >= kept["answered"]
    caller = Caller(empty.url, "county", ready["password"])
    assert caller.pages.get(f"/files/{kept['evidence']}").content == PNG
    assert (
        caller.client.get(f"/api/v1/telemetry/{kept['code']}/latest").json()["latest"]["values"]["pm25"]
        == 23.0
    )
    old = {"step": "raw", "from": f"{OLD}T00:00:00Z", "to": f"{OLD}T23:00:00Z"}
    archived = caller.client.get(f"/api/v1/telemetry/{kept['code']}/readings", params=old).json()
    assert [r["values"]["pm25"] for r in archived["results"]] == [42.0]
    caller.close()
    assert ask(empty, TRAIL) == "None"
    assert ask(empty, NAME) == ask(county, NAME)  # the sealed key opens personal data
    readings = kept["said"]["rows"]["telemetry.dust"]
    assert readings >= kept["answered"]


def test_a_damaged_backup_is_refused_and_leaves_nothing(
    kept: dict[str, Any], empty: Stack, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(kept["folder"], copy)
    victim = next(p for p in (copy / "files").rglob("*") if p.is_file())
    victim.write_bytes(victim.read_bytes()[:-1] + b"1")
    assert hashlib.sha256(victim.read_bytes()).hexdigest() != victim.name
    refused = run(empty, "restore", str(copy))
    assert refused.returncode == 2
    assert victim.name in refused.stderr
    assert not empty.data.exists()


def test_a_wrong_passphrase_is_told(kept: dict[str, Any], empty: Stack) -> None:
    refused = run(empty, "restore", str(kept["folder"]), passphrase="not the right words")
    assert (refused.returncode, "口令不对" in refused.stderr) == (2, True)
    assert not empty.data.exists()


def test_nothing_is_written_over(kept: dict[str, Any], county: Stack) -> None:
    assert "不是空文件夹" in run(county, "restore", str(kept["folder"])).stderr
    assert "不是空文件夹" in run(county, "backup", str(kept["folder"])).stderr


def test_an_unfinished_backup_is_no_backup(kept: dict[str, Any], empty: Stack, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(kept["folder"] / "database", half / "database")
    assert "不是完整的备份" in run(empty, "restore", str(half)).stderr
