"""The program under trial: started as a person starts it, in a data folder of its own, asked and measured from outside."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg

from siteloop.gateway import ports

LIMIT = 500.0  # µg/m³ of PM2.5, the rule of the probes
_VERSION = re.compile(r'^siteloop_registry_version\{role="(\w+)"\} (\S+)$', re.M)


class Program:
    """The program as a person starts it: `python -m siteloop.entry.cli up`."""

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data, self.settings = data, settings or {}
        self.address = {name: f"127.0.0.1:{ports.free()}" for name in ("HTTP", "HJ212", "MQTT", "JT808")}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 600) -> None:
        """Until /readyz answers 200 and devices can connect. Raises RuntimeError."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SITELOOP_")}
        variables = {**kept, "SITELOOP_DATA": str(self.data)} | {
            f"SITELOOP_{k}": v for k, v in self.address.items()
        }
        variables |= self.settings
        out = self.data.with_suffix(".out").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "siteloop.entry.cli", "up"], env=variables, stdout=out, stderr=out
        )
        end = time.monotonic() + seconds
        while not self._is_ready():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(self.data.with_suffix(".out").read_text()[-2000:])
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        try:
            socket.create_connection(self.hj212, 1).close()
            with urllib.request.urlopen(f"http://{self.address['HTTP']}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process is not None:
            self.process.send_signal(2)
            self.process.wait(60)

    @property
    def state(self) -> dict[str, Any]:
        """run.json."""
        return cast(dict[str, Any], json.loads((self.data / "run.json").read_text()))

    @property
    def hj212(self) -> tuple[str, int]:
        """Where devices connect."""
        host, port = self.address["HJ212"].rsplit(":", 1)
        return host, int(port)

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """SQL as the owner."""
        with psycopg.connect(self.state["database_url"]) as connection:
            return connection.execute(question, values).fetchall()

    def register(self, devices: int, probes: int = 0) -> None:
        """Make the load's devices known as people would, under the rules of their region and one threshold more."""
        self._own("siteloop.entry.bench_fleet", str(devices + probes), str(LIMIT))
        self._await_registry(self.ask("SELECT version FROM fast.registry")[0][0])

    def _await_registry(self, version: int, seconds: float = 60) -> None:
        """Until every fast role works with it; a frame that comes before is refused, told, and sent again. Raises RuntimeError."""
        end = time.monotonic() + seconds
        while min(self._registry_versions().values(), default=0) < version:
            if time.monotonic() > end:
                raise RuntimeError(f"registry {version} is not read: {self._registry_versions()}")
            time.sleep(0.1)

    def _registry_versions(self) -> dict[str, int]:
        """Listener, sink, judge -> the version each works with, 0 where it does not say."""
        with urllib.request.urlopen(f"http://{self.address['HTTP']}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        told = {role: float(n) for role, n in _VERSION.findall(text)}
        return {role: int(told.get(role, 0)) for role in ("listener", "sink", "judge")}

    def viewer_token(self) -> str:
        """A token of an officer who may hear every finding of the province. Raises CalledProcessError."""
        return self._own("siteloop.entry.bench_viewer").split()[-1]

    def _own(self, module: str, *words: str) -> str:
        """What a module of the business plane says, on our database. Raises CalledProcessError."""
        own = {"SITELOOP_DATA": str(self.data), "SITELOOP_DATABASE_URL": self.state["database_url"]}
        variables = {**os.environ, **self.settings, **own}
        command = [sys.executable, "-m", module, *words]
        return subprocess.run(  # noqa: S603 - our own modules
            command, env=variables, stdout=subprocess.PIPE, check=True, text=True
        ).stdout

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time so far by role, children counted (PostgreSQL's sessions)."""
        table = _processes()
        state = self.state
        roots = {**state["roles"], "postgres": state["postgres"], "nats": state["nats"]}
        return {name: _with_children(table, pid) for name, pid in roots.items() if pid}

    def ledger(self) -> dict[str, int]:
        """Sums over everything."""
        received, stored, control = self.ask(
            "SELECT coalesce(sum(received), 0)::bigint, coalesce(sum(stored), 0)::bigint, coalesce(sum(control), 0)::bigint FROM fast.ledger"
        )[0]
        rejected = self.ask("SELECT coalesce(sum(n), 0)::bigint FROM fast.ledger_rejected")[0][0]
        return {"received": received, "stored": stored, "control": control, "rejected": rejected}

    def stored(self) -> tuple[int, int]:
        """(rows, distinct rows)."""
        return cast(
            tuple[int, int], self.ask("SELECT count(*), count(DISTINCT (device, at)) FROM telemetry.dust")[0]
        )

    def disk_bytes(self) -> int:
        """Of the sample table with its indexes."""
        return cast(
            int,
            self.ask(
                "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits"
                " WHERE inhparent = 'telemetry.dust'::regclass"
            )[0][0],
        )

    def archive_bytes(self) -> int:
        """Of the raw frames."""
        return sum(path.stat().st_size for path in (self.data / "raw").rglob("*.raw"))

    def settle_judge(self, seconds: float = 60) -> None:
        """Wait until the judge has saved its position behind the last block that is stored."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ask(
            "SELECT 1 FROM fast.position s JOIN fast.position j USING (stream) WHERE s.consumer LIKE 'sink%%'"
            " AND j.consumer LIKE 'judge%%' AND j.seq >= s.seq"
        ):
            time.sleep(0.1)

    def settle(self, rows: int, seconds: float = 120) -> float:
        """Wait until the ledger counts so many rows as stored (it commits with them); how long that took."""
        start = time.monotonic()
        while self.ledger()["stored"] < rows and time.monotonic() - start < seconds:
            time.sleep(0.1)
        return time.monotonic() - start


@contextmanager
def program(settings: Mapping[str, str] | None = None) -> Iterator[Program]:
    """A program in a temporary folder; `settings` are environment variables of its own."""
    with tempfile.TemporaryDirectory(prefix="siteloop-bench-") as folder:
        running = Program(Path(folder) / "data", settings)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def _processes() -> dict[int, tuple[int, float]]:
    """pid -> (parent, CPU seconds with those of ended children), from /proc; empty where there is none."""
    tick = os.sysconf("SC_CLK_TCK")
    table = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        table[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / tick)
    return table


def _with_children(table: dict[int, tuple[int, float]], pid: int) -> float:
    own = table.get(pid, (0, 0.0))[1]
    return own + sum(_with_children(table, child) for child, (parent, _) in table.items() if parent == pid)
