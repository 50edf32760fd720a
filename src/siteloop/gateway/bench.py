"""`siteloop bench ingest | faults`: the real program under load, in a data folder of its own; prints JSON."""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import nats
import psycopg

from siteloop.gateway import load as loads
from siteloop.gateway.load import Load, Sent
from siteloop.kernel import registry as registries
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import SECOND

READINGS = 9  # a frame
LIMIT = 500.0
VERSION = 1_000_000_000


class Program:
    """The program as a person starts it: `python -m siteloop.entry.cli up`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.address = {name: f"127.0.0.1:{_free_port()}" for name in ("HTTP", "HJ212", "MQTT")}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 120) -> None:
        """Until /readyz answers 200. Raises RuntimeError."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SITELOOP_")}
        variables = {**kept, "SITELOOP_DATA": str(self.data)} | {
            f"SITELOOP_{k}": v for k, v in self.address.items()
        }
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
        """Make the load's devices known, and one threshold."""
        entries = tuple(
            DeviceEntry(n, loads.code(n), "dust", 1, "330482", password="123456", interval_s=60)  # noqa: S106
            for n in range(1, devices + probes + 1)
        )
        rule = RuleEntry("bench.pm25", "threshold", "33", 1, {"field": "pm25", "on": LIMIT}, "yellow")
        with psycopg.connect(self.state["database_url"]) as connection:
            connection.execute(
                "INSERT INTO fast.registry (id, version, body) VALUES (1, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body",
                [VERSION, registries.encode(Registry(VERSION, entries, (rule,)))],
            )
            connection.execute("SELECT pg_notify('siteloop_registry', '')")
        time.sleep(2)

    def cpu_seconds(self) -> dict[str, float]:
        """User and system time so far by role, children counted (PostgreSQL's sessions)."""
        table = _processes()
        state = self.state
        roots = {**state["roles"], "postgres": state["postgres"], "nats": state["nats"]}
        return {name: _with_children(table, pid) for name, pid in roots.items() if pid}

    def quiet(self, seconds: float = 60) -> float:
        """Wait until the listener has stopped compiling its decoder; how long that took."""
        start = time.monotonic()
        before = -1.0
        while time.monotonic() - start < seconds:
            now = self.cpu_seconds()["listener"]
            if now - before < 0.1:
                break
            before = now
            time.sleep(1)
        return time.monotonic() - start

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

    def settle(self, rows: int, seconds: float = 60) -> float:
        """Wait until so many rows are stored; how long that took."""
        start = time.monotonic()
        while (
            self.ask("SELECT count(*) FROM telemetry.dust")[0][0] < rows
            and time.monotonic() - start < seconds
        ):
            time.sleep(0.1)
        return time.monotonic() - start


@contextmanager
def program() -> Iterator[Program]:
    """A program in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="siteloop-bench-") as folder:
        running = Program(Path(folder) / "data")
        try:
            running.start()
            yield running
        finally:
            running.stop()


def start_load(load: Load) -> subprocess.Popen[bytes]:
    """The load in a process of its own."""
    command = [sys.executable, "-m", "siteloop.gateway.load", msgspec.json.encode(load).decode()]
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own command


def sent(process: subprocess.Popen[bytes], seconds: float) -> Sent:
    """Wait for a load. Raises TimeoutExpired."""
    said, _ = process.communicate(timeout=seconds)
    return msgspec.json.decode(said, type=Sent)


def ingest(running: Program, devices: int, frames: int) -> dict[str, Any]:
    """Saturation: every frame answered and stored."""
    warm_up = running.quiet()
    before = running.cpu_seconds()
    start = time.monotonic()
    process = start_load(Load(*running.hj212, devices, frames))
    done = sent(process, 600)
    settle = running.settle(done.frames)
    wall = time.monotonic() - start
    after = running.cpu_seconds()
    rows, distinct = running.stored()
    million = done.frames * READINGS / 1e6
    size = running.ask(
        "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits WHERE inhparent = 'telemetry.dust'::regclass"
    )[0][0]
    return {
        "frames": done.frames,
        "answered": done.answered,
        "frames_per_s": round(done.frames / done.seconds),
        "readings_per_s": round(done.frames * READINGS / done.seconds),
        "stored_readings_per_s": round(done.frames * READINGS / (done.seconds + settle)),
        "settled_s_after_last_answer": round(settle, 2),
        "warm_up_s": round(warm_up, 1),
        "wall_s": round(wall, 2),
        "cpu_s_per_million_readings": {k: round((after[k] - before.get(k, 0.0)) / million, 2) for k in after},
        "bytes_per_reading": round(size / max(rows * READINGS, 1), 1),
        "lost": done.frames - distinct,
        "doubled": rows - distinct,
        "ledger": running.ledger(),
    }


async def alarms(running: Program, devices: int, rate: float, probes: int) -> dict[str, Any]:
    """Latency from writing a frame past the limit to the finding on the bus, while `rate` readings a second come in."""
    background = start_load(
        Load(*running.hj212, devices, int(rate / READINGS * (probes * 0.15 + 3)), rate / READINGS)
    )
    bus = await nats.connect(running.state["nats_url"])
    heard: dict[int, float] = {}

    async def hear(message: Any) -> None:
        heard.setdefault(int(json.loads(message.data)["device"]), time.monotonic())

    await bus.subscribe("live.finding.>", cb=hear)
    await asyncio.sleep(2)
    _, writer = await asyncio.open_connection(*running.hj212)
    written: dict[int, float] = {}
    for number in range(devices + 1, devices + probes + 1):
        now = time.time_ns() // 1000 // SECOND * SECOND
        written[number] = time.monotonic()
        writer.write(loads.render(number, now, LIMIT * 2)[1])
        await writer.drain()
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    writer.close()
    await bus.close()
    await asyncio.to_thread(sent, background, 300)
    took = sorted(heard[n] - t for n, t in written.items() if n in heard)
    return {
        "background_readings_per_s": rate,
        "probes": probes,
        "heard": len(took),
        "p50_s": round(took[len(took) // 2], 3) if took else None,
        "p99_s": round(took[min(len(took) - 1, int(len(took) * 0.99))], 3) if took else None,
    }


def main(argv: list[str]) -> int:
    """`ingest [--devices --frames --rate --probes]` or `faults [--devices --frames]`; 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(prog="siteloop bench")
    parser.add_argument("what", choices=("ingest", "faults"))
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--frames", type=int, default=0)
    parser.add_argument(
        "--rate", type=float, default=20_000, help="readings a second behind the alarm probes"
    )
    parser.add_argument("--probes", type=int, default=50)
    asked = parser.parse_args([a for a in argv if a != "--"])
    with program() as running:
        running.register(asked.devices, asked.probes)
        if asked.what == "faults":
            from siteloop.gateway import faults

            report = faults.run(running, asked.devices, asked.frames or 50_000)
            is_good = bool(report["holds"])
        else:
            report = ingest(running, asked.devices, asked.frames or 100_000)
            is_good = not report["lost"] and not report["doubled"]
            report["alarm"] = asyncio.run(alarms(running, asked.devices, asked.rate, asked.probes))
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0 if is_good else 1


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
