"""The program comes back from every death, keeps its data, and leaves nothing behind."""

import contextlib
import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from siteloop.entry.engines import processes
from siteloop.entry.supervisor import Supervisor
from siteloop.entry.testing_stack import Stack
from siteloop.entry.trouble import Trouble
from siteloop.gateway import ports

pytestmark = pytest.mark.engines


def lives(pid: int) -> bool:
    """A zombie does not live."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def everyone(state: dict[str, Any]) -> list[int]:
    return [state["supervisor"], state["postgres"], state["nats"], *state["roles"].values()]


def is_whole(stack: Stack) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return all(lives(pid) for pid in everyone(stack.state)) and stack.is_ready()
    return False


@pytest.mark.parametrize("name", ["web", "listener", "sink", "judge", "live", "worker"])
def test_a_killed_role_is_started_again(stack: Stack, name: str) -> None:
    pid = stack.state["roles"][name]
    os.kill(pid, signal.SIGKILL)
    stack.until(lambda: stack.state["roles"][name] != pid and is_whole(stack))
    assert not lives(pid)


@pytest.mark.parametrize("name", ["postgres", "nats"])
def test_a_killed_engine_is_started_again_under_the_same_address(stack: Stack, name: str) -> None:
    before = stack.state
    os.kill(before[name], signal.SIGKILL)
    stack.until(lambda: stack.state[name] != before[name] and is_whole(stack))
    assert stack.state["database_url"] == before["database_url"]
    assert stack.state["nats_url"] == before["nats_url"]


def test_after_a_kill_of_the_supervisor_nothing_runs_on_and_the_data_is_there_again(stack: Stack) -> None:
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    before = stack.state
    stack.kill()
    stack.until(lambda: not any(lives(pid) for pid in everyone(before)))
    stack.start()
    with psycopg.connect(stack.database_url) as connection:
        assert connection.execute("SELECT max(n) FROM kept").fetchone() == (42,)


def test_a_second_program_on_the_same_data_is_refused_in_one_sentence(stack: Stack) -> None:
    second = Stack(stack.data).spawn("up")
    said = second.communicate(timeout=60)[1].decode()
    assert second.returncode == 2
    assert "正被另一个 siteloop 使用" in said and "another siteloop runs" in said
    assert "Traceback" not in said
    assert is_whole(stack)


@pytest.mark.parametrize(
    "name", ["SITELOOP_HTTP", "SITELOOP_HJ212", "SITELOOP_MQTT", "SITELOOP_JT808", "SITELOOP_LIFTING"]
)
def test_a_taken_port_is_told_in_one_sentence_before_anything_starts(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = Stack(tmp_path / "data", variables={name: f"127.0.0.1:{port}"}).spawn("up")
        said = program.communicate(timeout=60)[1].decode()
    assert program.returncode == 2
    assert f"端口 127.0.0.1:{port} 已被占用" in said and name in said
    assert not (tmp_path / "data" / "postgres").exists()


def test_the_door_for_vehicles_stays_closed_when_its_usual_port_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    free = {name: f"127.0.0.1:{ports.free()}" for name in ("HTTP", "HJ212", "MQTT")}
    for name, address in {**free, "DATA": str(tmp_path / "data")}.items():
        monkeypatch.setenv(f"SITELOOP_{name}", address)
    monkeypatch.delenv("SITELOOP_JT808", raising=False)
    monkeypatch.setattr(processes, "is_free", lambda _, port: port != 8808)
    supervisor = Supervisor()
    supervisor._check_ports()
    assert (supervisor.env.jt808, supervisor.variables["SITELOOP_JT808"]) == ("", "")
    assert "车载终端接入不开启" in "".join(capsys.readouterr())
    monkeypatch.setenv("SITELOOP_JT808", "127.0.0.1:8808")  # asked for by name: then it is a trouble
    with pytest.raises(Trouble, match="SITELOOP_JT808"):
        Supervisor()._check_ports()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    program = Stack(tmp_path).spawn("up")
    said = program.communicate(timeout=60)[1].decode()
    assert program.returncode == 2 and "不是本程序的数据目录" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["letters.txt"]


def test_a_folder_with_what_the_set_up_put_there_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`./run` compiles the decoder before the first start, into the data folder where it can write nowhere else."""
    (tmp_path / "numba").mkdir()
    monkeypatch.setenv("SITELOOP_DATA", str(tmp_path))
    supervisor = Supervisor()
    supervisor._take_folder()
    supervisor.stop()
    assert (tmp_path / "siteloop").exists()


def test_health_readiness_and_figures_are_served(stack: Stack) -> None:
    stack.until(lambda: is_whole(stack))
    with urllib.request.urlopen(f"{stack.url}/healthz") as answer:
        assert answer.read() == b"ok"
    with urllib.request.urlopen(f"{stack.url}/readyz") as answer:
        assert json.load(answer) == {"ready": True}

    def figures() -> str:
        with urllib.request.urlopen(f"{stack.url}/metrics") as found:
            return str(found.read().decode())

    roles = ("web", "listener", "sink", "judge", "live", "worker")
    stack.until(lambda: all(f'siteloop_up{{role="{role}"}} 1.0' in figures() for role in roles))


def test_doctor_finds_a_running_program_in_order(stack: Stack) -> None:
    stack.until(lambda: is_whole(stack))
    examination = stack.spawn("doctor")
    said = examination.communicate(timeout=60)[0].decode()
    for name in ("Python", "PostgreSQL", "NATS", "schema", "registry", "clock", "inbox"):
        assert name in said, said
    wrong = [line for line in said.splitlines() if line.startswith("✗")]
    # restarts by the other tests of this module and the browser libraries are not this test's matter
    assert not [line for line in wrong if "角色" not in line and "node_modules" not in line], wrong


def test_stopping_leaves_nothing_behind(tmp_path: Path) -> None:
    own = Stack(tmp_path / "data")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "logs").mkdir()
    own.start(240)  # from nothing: its tables are made here, as on a first start
    pids = everyone(own.state)
    own.stop()
    assert not any(lives(pid) for pid in pids)
    assert not (own.data / "run.json").exists()
    assert processes.is_free(*own.hj212)


@pytest.fixture(autouse=True)
def _whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test begins with a whole program, whatever the one before killed."""
    if "stack" in request.fixturenames:
        stack: Stack = request.getfixturevalue("stack")
        stack.until(lambda: is_whole(stack))
    yield


def test_figures_have_the_ports_the_administrator_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITELOOP_FIGURES", "sink=9102, judge=9103")
    fixed = Supervisor(only=("sink", "web", "live"))._figures()
    assert (fixed["sink"], fixed["judge"]) == (9102, 9103)
    # a web role gathers those of the machine's other supervisors too
    assert set(fixed) == {"sink", "judge", "live"}
    monkeypatch.setenv("SITELOOP_FIGURES", "sink")
    with pytest.raises(Trouble, match="SITELOOP_FIGURES"):
        Supervisor(only=("sink",))._figures()
