"""The engines tell in one sentence why they cannot start."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from siteloop.entry import wiring
from siteloop.entry.engines import processes
from siteloop.entry.engines.nats import Nats
from siteloop.entry.engines.postgres import Postgres
from siteloop.entry.trouble import Trouble


def test_a_folder_of_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(Trouble, match=r"PostgreSQL 15 建立.*belongs to PostgreSQL 15"):
        Postgres(tmp_path).start()


@pytest.mark.parametrize("engine", [Postgres, Nats])
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, engine: type[Postgres] | type[Nats]) -> None:
    folder = tmp_path / engine.name
    folder.mkdir()
    (folder / "letters.txt").write_text("mine")
    with pytest.raises(Trouble, match="不是本程序的"):
        engine(tmp_path).start()
    assert [p.name for p in folder.iterdir()] == ["letters.txt"]


@pytest.mark.parametrize("engine", [Postgres, Nats])
def test_a_nearly_full_disk_is_told_before_the_engine_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: type[Postgres] | type[Nats]
) -> None:
    monkeypatch.setenv("SITELOOP_LEAST_FREE_MB", str(10**9))
    with pytest.raises(Trouble, match=r"磁盘空间不足.*nearly full"):
        engine(tmp_path).start()


def test_a_path_too_long_for_a_socket_still_works(tmp_path: Path) -> None:
    server = Postgres(tmp_path / ("deep" * 30))
    assert len(str(server.socket)) < 90
    server.start()
    try:
        assert psycopg.connect(server.url).execute("SHOW server_version_num").fetchone()[0] >= "180000"  # type: ignore[index]
        assert server.socket == Postgres(server.data).socket
        assert server.socket.stat().st_mode & 0o077 == 0
    finally:
        server.stop()


def test_a_stale_lock_whose_number_belongs_to_another_process_does_not_stop_the_server(
    tmp_path: Path,
) -> None:
    server = Postgres(tmp_path)
    server.start()
    server.stop()
    other = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    lock = tmp_path / "postgres" / "postmaster.pid"
    lock.write_text(f"{other.pid}\n{tmp_path}/postgres\n0\n5432\n{tmp_path}\n\n0 0\nready\n")
    try:
        server.start()
        assert other.poll() is None
    finally:
        server.stop()
        other.communicate()


def test_the_bus_keeps_its_address_and_moves_only_when_the_port_is_taken(tmp_path: Path) -> None:
    bus = Nats(tmp_path)
    bus.start()
    first = bus.url
    bus.stop()
    bus.start()
    try:
        assert bus.url == first
        config = (tmp_path / "nats" / "nats.conf").read_text()
        assert "sync_interval: always" in config
        assert (tmp_path / "nats" / "token").stat().st_mode & 0o077 == 0
    finally:
        bus.stop()
    import socket

    with socket.create_server(("127.0.0.1", bus.port)):
        bus.start()
        try:
            assert bus.url != first
        finally:
            bus.stop()


def test_a_child_is_told_when_its_parent_is_gone(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from siteloop.entry.engines import processes\n"
        "child = processes.start([sys.executable, '-c', 'import time; time.sleep(600)'], pathlib.Path(sys.argv[1]))\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "log"], capture_output=True, text=True, check=False
    )
    child = int(done.stdout)
    assert processes.wait_until_gone(child, "time.sleep(600)", 10)


def test_an_address_that_is_none_is_told() -> None:
    assert processes.address("10.0.0.1:9212") == ("10.0.0.1", 9212)
    assert processes.address("[::1]:80") == ("::1", 80)
    with pytest.raises(Trouble):
        processes.address("9212")
    with pytest.raises(Trouble):
        processes.address("127.0.0.1:99999")


def test_a_door_open_to_all_is_reached_on_loopback() -> None:
    assert wiring.reachable("0.0.0.0:8000") == "127.0.0.1:8000"
    assert wiring.reachable("[::]:8000") == "[::1]:8000"
    assert wiring.reachable("10.1.2.3:8000") == "10.1.2.3:8000"
