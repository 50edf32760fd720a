"""A site's edge without its centre: devices are known and answered, everything arrives afterwards, once, in order, with its own time."""

import itertools
import json
import os
import socket
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from siteloop.entry.cluster_trial import Machine, Stored
from siteloop.gateway import ports, schema
from siteloop.gateway.bench.load_frames import code, render
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import Message, parse
from siteloop.protocols.hj212.talk import request

DEVICES = range(1, 6)  # of sites 1 and 2, which the edge serves; 6 is of site 3
ROUNDS = 15


class Line:
    """The uplink: a TCP line that can be cut."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_cut = False
        self.ends: list[socket.socket] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.near = int(self.door.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.door.accept()
                if self.is_cut:
                    near.close()
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self.port), 2)
                except OSError:
                    near.close()
                    continue
                self.ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self.is_cut = True
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.clear()

    def mend(self) -> None:
        self.is_cut = False


class Device:
    """Speaks HJ 212 and waits for its answers."""

    def __init__(self, number: int, address: tuple[str, int]) -> None:
        self.number, self.address = number, address
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self.address, 10)
        self.socket.settimeout(20)
        self.heard = self.socket.makefile("rb")

    def send(self, at: int) -> None:
        self.qn, frame = render(self.number, at)
        self.socket.sendall(frame)

    def hear(self) -> Message:
        line = self.heard.readline()
        assert line, "the edge hung up"
        (one,) = cut(line)[1]
        assert isinstance(one, Frame)
        return parse(one.segment)

    def answered(self) -> None:
        answer = self.hear()
        assert (answer.cn, answer.qn.encode()) == ("9014", self.qn)

    def obey(self) -> str:
        """Take the next command and do it; what it was."""
        told = self.hear()
        for cn, area in (("9011", "QnRtn=1"), ("9012", "ExeRtn=1")):
            self.socket.sendall(request(told.qn, "91", cn, "123456", code(self.number), area))
        return told.cn


def until(holds: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.1)


def health(edge: Machine) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{edge.ports['HTTP']}/healthz", timeout=5) as answer:
        return dict(json.load(answer))


@pytest.fixture
def stored() -> Iterator[Stored]:
    owner, name = os.environ["SITELOOP_DATABASE_URL"], f"edge_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = make_conninfo(owner, dbname=name)
    schema.migrate(url)
    yield Stored(url)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def order(stored: Stored, seconds: float) -> str:
    number = uuid.uuid4().hex
    with psycopg.connect(stored.url) as connection:
        connection.execute(
            "INSERT INTO fast.command (id, device, command, expires_at)"
            " VALUES (%s, 1, 'set_time', now() + %s * interval '1 second')",
            [number, seconds],
        )
    return number


def trail(stored: Stored, command: str) -> list[str]:
    rows = stored.ask("SELECT state FROM fast.command_trail WHERE command = %s ORDER BY id", command)
    return [state for (state,) in rows]


@pytest.mark.engines
@pytest.mark.timeout(280)
@pytest.mark.requirement("IOT-07")
def test_an_edge_goes_on_without_its_centre(tmp_path: Path, stored: Stored) -> None:
    stored.register(6)
    door = ports.free()
    line = Line(door)
    centre = Machine(
        tmp_path / "centre",
        {
            "SITELOOP_DATABASE_URL": stored.url,
            "SITELOOP_PARTITIONS": "2",
            "SITELOOP_LEAF": f"127.0.0.1:{door}",
            "SITELOOP_EDGES": "gate-1:a-secret-word=1,2",
        },
        ("listener", "sink", "judge"),
    )
    edge = Machine(
        tmp_path / "edge",
        {
            "SITELOOP_EDGE_NAME": "gate-1",
            "SITELOOP_EDGE_UPLINK": f"nats://gate-1:a-secret-word@127.0.0.1:{line.near}",
        },
        ("edge",),
    )
    start = (time.time_ns() // 1000 // SECOND - 3_600) * SECOND

    def rounds(devices: list[Device], first: int) -> None:
        for i in range(first, first + ROUNDS):
            for device in devices:
                device.send(start + i * SECOND)
            for device in devices:
                device.answered()

    try:
        centre.start()
        edge.start()
        until(lambda: centre.is_ready and edge.is_ready, 120)
        until(lambda: health(edge)["linked"])
        assert health(edge)["devices"] == len(DEVICES)  # of its own sites only
        devices = [Device(n, edge.hj212) for n in DEVICES]
        rounds(devices, 0)
        until(lambda: stored.ask("SELECT count(*) FROM telemetry.dust") == [(ROUNDS * len(DEVICES),)])

        until(lambda: stored.ask("SELECT connected FROM fast.status WHERE device = 1") == [(True,)])
        done = order(stored, 60)
        assert devices[0].obey() == "1012"
        until(lambda: trail(stored, done) == ["queued", "sent", "accepted", "done"])

        line.cut()
        rounds(devices, ROUNDS)
        until(lambda: not health(edge)["linked"])
        until(lambda: stored.ask("SELECT connected FROM fast.status WHERE device = 1") == [(False,)])
        late = order(stored, 1)
        assert edge.kill("edge")  # it comes back without the centre, with what it kept on disk
        until(lambda: edge.is_ready)
        stranger = Device(6, edge.hj212)
        stranger.send(start)
        for device in devices:
            device.connect()
        rounds(devices, 2 * ROUNDS)
        until(lambda: health(edge)["waiting_blocks"] > 0 and health(edge)["oldest_s"] > 0)
        with closing(stranger.socket):
            stranger.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                stranger.hear()
        until(lambda: trail(stored, late) == ["queued", "expired"])
        assert stored.ask("SELECT count(*) FROM telemetry.dust") == [(ROUNDS * len(DEVICES),)]

        line.mend()
        wanted = 3 * ROUNDS * len(DEVICES)
        until(lambda: stored.ask("SELECT count(*) FROM telemetry.dust") >= [(wanted,)])
        until(lambda: health(edge)["linked"] and health(edge)["waiting_blocks"] == 0)
        assert health(edge)["oldest_s"] == 0
        rows = stored.ask("SELECT device, at, received_at FROM telemetry.dust ORDER BY device, at")
        assert len(rows) == len({(device, at) for device, at, _ in rows}) == wanted
        times = [start + i * SECOND for i in range(3 * ROUNDS)]
        assert [round(at.timestamp() * 1e6) for _, at, _ in rows] == times * len(DEVICES)
        # the edge's clock of reception came along as well
        assert all(a[2] <= b[2] for a, b in itertools.pairwise(rows) if a[0] == b[0])
        # judged in order: a row that came behind a newer one would have been left out
        until(lambda: stored.findings() == stored.expected() and bool(stored.findings()))
        received, kept, control = stored.ask(
            "SELECT sum(received), sum(stored), sum(control) FROM fast.ledger"
        )[0]
        refused = stored.ask("SELECT reason, sum(n) FROM fast.ledger_rejected GROUP BY reason")
        assert kept == wanted
        assert received == kept + control + sum(n for _, n in refused)
    finally:
        edge.stop()
        centre.stop()
        line.door.close()
