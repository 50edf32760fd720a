"""`siteloop bench cluster`: three NATS servers, two machines' worth of roles; one of each is killed in turn under load.

Everything runs on this machine: two supervisors with data folders of their own stand for two machines, one PostgreSQL stands for
the primary. What it shows is the agreement between the processes, not what a network does to it.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from siteloop.entry import bench_fleet
from siteloop.entry.engines import processes
from siteloop.entry.engines.nats_cluster import NatsCluster
from siteloop.entry.engines.postgres import Postgres
from siteloop.gateway import lease, ports, schema
from siteloop.gateway.bench import load_frames
from siteloop.gateway.bench.command import sent, start_load
from siteloop.gateway.bench.load import Load
from siteloop.kernel import block as blocks
from siteloop.kernel import registry as registries
from siteloop.kernel.finding import Finding
from siteloop.kernel.profiles import DUST
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.rules.threshold import Threshold

FAST = ("listener", "sink", "judge", "live")
ALL = (*FAST, "worker", "web")
#: crossed up and down by the wandering values of the load, so that every device's findings open and close all the time
ON, OFF = 40.0, 30.0
RULE = RuleEntry(bench_fleet.RULE, "threshold", "33", 1, {"field": "pm25", "on": ON, "off": OFF}, "yellow")
DOORS = ("HTTP", "HJ212", "MQTT", "JT808", "LIFTING", "INTAKE_PORT", "LIVE_PORT")


@dataclass
class Machine:
    """One supervisor with roles, on engines it did not start."""

    folder: Path
    variables: dict[str, str]
    roles: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    ports: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """Start; `is_ready` says when it is up."""
        self.ports = {name: ports.free() for name in DOORS}
        doors = {f"SITELOOP_{name}": f"127.0.0.1:{port}" for name, port in self.ports.items()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SITELOOP_")}
        environment = {**kept, **self.variables, **doors, "SITELOOP_DATA": str(self.folder)}
        command = [sys.executable, "-m", "siteloop.entry.cli", "up"]
        command += [word for role in self.roles for word in ("--role", role)]
        self.process = processes.start(command, self.folder.with_suffix(".out"), environment)

    @property
    def hj212(self) -> tuple[str, int]:
        """Where devices connect."""
        return "127.0.0.1", self.ports["HJ212"]

    @property
    def is_ready(self) -> bool:
        """Whether its doors are open."""
        roles = {"listener": "HJ212", "live": "LIVE_PORT", "web": "HTTP", "edge": "HTTP"}
        doors = [roles[role] for role in self.roles if role in roles]
        return all(processes.listens("127.0.0.1", self.ports[door]) for door in doors)

    def pid(self, role: str) -> int:
        """Process number of a role now."""
        return int(json.loads((self.folder / "run.json").read_text())["roles"][role])

    def kill(self, role: str, seconds: float = 60) -> bool:
        """kill -9; whether a successor came."""
        old = self.pid(role)
        os.kill(old, signal.SIGKILL)
        end = time.monotonic() + seconds
        while self.pid(role) == old:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGINT, 60)


class Stored:
    """What stands in a trial's database."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """SQL as the owner."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(question, values).fetchall()

    def register(self, devices: int) -> None:
        """Make the load's devices known, three to a site, and one rule; where no business plane is, straight to the fast one."""
        entries = tuple(
            DeviceEntry(
                n,
                load_frames.code(n),
                "dust",
                1 + n // bench_fleet.EACH,
                bench_fleet.REGION,
                password=load_frames.PASSWORD,
                interval_s=60,
            )
            for n in range(1, devices + 1)
        )
        with psycopg.connect(self.url) as connection:
            connection.execute(
                "INSERT INTO fast.registry (id, version, body) VALUES (1, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body",
                [1_000_000_000, registries.encode(Registry(1_000_000_000, entries, (RULE,)))],
            )

    def findings(self) -> Counter[tuple[str, str, int]]:
        """What the judges said by our rule: (key, act, time)."""
        rows = self.ask(
            "SELECT key, act, at_us FROM fast.finding_inbox WHERE starts_with(key, %s)", f"{RULE.code}|"
        )
        return Counter((str(key), str(act), int(at)) for key, act, at in rows)

    def expected(self) -> Counter[tuple[str, str, int]]:
        """What one judge that never died would have said by our rule about the stored rows."""
        body = self.ask("SELECT body FROM fast.registry")[0][0]
        registry = registries.decode(bytes(body))
        detector = Threshold()
        detector.configure(registry, [rule for rule in registry.rules if rule.code == RULE.code])
        fields = ", ".join(f.name for f in DUST.fields)
        question = (
            "SELECT device, (extract(epoch FROM at) * 1000000)::bigint, (extract(epoch FROM received_at) * 1000000)::bigint,"  # noqa: S608 - names of our own
            f" ARRAY[{fields}]::real[] FROM telemetry.dust ORDER BY device, at"
        )
        rows = self.ask(question)
        said: Counter[tuple[str, str, int]] = Counter()
        for block, columns in _in_blocks(rows):
            for one in detector.see(block, columns):
                assert isinstance(one, Finding), "a threshold orders nothing"
                said[one.key, one.act.value, one.at] += 1
        return said


class Cluster(Stored):
    """Engines and two machines in a folder."""

    def __init__(self, folder: Path, roles: tuple[str, ...] = FAST, partitions: int = 4) -> None:
        self.folder, self.roles, self.partitions = folder, roles, partitions
        self.postgres = Postgres(folder / "database")
        super().__init__(self.postgres.url)
        self.nats = NatsCluster(folder / "bus")
        self.machines: list[Machine] = []

    def start(self, devices: int, seconds: float = 100) -> None:
        """Until both machines' doors are open and every partition has its sink and judge. Raises TimeoutError."""
        self.postgres.start()
        self.nats.start()
        schema.migrate(self.postgres.url)
        variables = {
            "SITELOOP_DATABASE_URL": self.postgres.url,
            "SITELOOP_NATS_URL": self.nats.url,
            "SITELOOP_PARTITIONS": str(self.partitions),
            "SITELOOP_REPLICAS": "3",
            "SITELOOP_SECRET_KEY": "a trial's own",
            "SITELOOP_PERSONAL_DATA_KEY": "0" * 64,
            "SITELOOP_INTERNAL": "a trial's own",
        }
        if "web" in self.roles:
            self._own(variables, "siteloop.entry.cli", "migrate")
            self._own(variables, "siteloop.entry.bench_fleet", str(devices), str(ON), str(OFF))
        else:
            self.register(devices)
        for name in ("a", "b"):
            machine = Machine(self.folder / name, variables, self.roles)
            machine.start()
            self.machines.append(machine)
        self.until(lambda: all(m.is_ready for m in self.machines), seconds)
        self.until(lambda: self.holders()["sink"] == self.partitions, seconds)
        self.until(lambda: self.holders()["judge"] == self.partitions + 1, seconds)

    def _own(self, variables: dict[str, str], module: str, *words: str) -> None:
        """A module of the business plane on our database. Raises CalledProcessError."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SITELOOP_")}
        data = {"SITELOOP_DATA": str(self.folder / "migrate")}
        command = [sys.executable, "-m", module, *words]
        subprocess.run(command, env={**kept, **variables, **data}, check=True)  # noqa: S603 - our own modules

    def until(self, holds: Any, seconds: float) -> None:
        """Wait. Raises TimeoutError with the ends of the logs."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                logs = sorted(self.folder.glob("*.out")) + sorted(self.folder.glob("*/logs/*.log"))
                raise TimeoutError(
                    "; ".join(f"{p.parent.parent.name}/{p.name}: {processes.tail(p)}" for p in logs)
                )
            time.sleep(0.2)

    def stop(self) -> None:
        """Machines first, engines last."""
        for machine in self.machines:
            machine.stop()
        self.nats.stop()
        self.postgres.stop()

    def holders(self) -> Counter[str]:
        """Leases held now, by role."""
        names = {number: role for role, number in lease.CLASSES.items()}
        rows = self.ask(
            "SELECT classid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
            " AND objid::bigint <> %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            lease.MEMBER,
        )
        return Counter(names[number] for (number,) in rows if number in names)


def _in_blocks(rows: list[tuple[Any, ...]], size: int = 1_000) -> Any:
    import numpy as np

    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        values = np.array([r[3] for r in part], np.float32).T
        columns = blocks.Columns(
            np.array([r[0] for r in part], np.int32),
            np.array([r[1] for r in part], np.int64),
            np.array([r[2] for r in part], np.int64),
            values,
            np.zeros(values.shape, np.uint8),
            np.zeros(len(part), np.uint8),
        )
        yield blocks.pack(listener="hj212", profile="dust", columns=columns), columns


def run(cluster: Cluster, devices: int, frames: int, rate: float, pause: float = 2.0) -> dict[str, Any]:
    """Stream through both listeners while a server of the bus and a role of each kind die in turn."""
    half = devices // 2
    loaded = [
        start_load(Load(*machine.hj212, half, frames // 2, rate / 2, first=1 + i * half))
        for i, machine in enumerate(cluster.machines)
    ]
    came_back: dict[str, bool] = {}
    time.sleep(pause)
    node = cluster.nats.nodes[0]
    cluster.nats.kill(node)
    for i, role in enumerate(cluster.roles):
        time.sleep(pause)
        came_back[role] = cluster.machines[i % 2].kill(role)
    cluster.nats.start_node(node)
    came_back["nats"] = node.is_up
    done = [sent(process, 600) for process in loaded]
    wanted = sum(d.frames for d in done)
    settled = _settle(cluster, wanted)
    rows, distinct = cluster.ask("SELECT count(*), count(DISTINCT (device, at)) FROM telemetry.dust")[0]
    received, stored, control = cluster.ask(
        "SELECT sum(received)::bigint, sum(stored)::bigint, sum(control)::bigint FROM fast.ledger"
    )[0]
    rejected = cluster.ask("SELECT coalesce(sum(n), 0)::bigint FROM fast.ledger_rejected")[0][0]
    said, expected = cluster.findings(), cluster.expected()
    report = {
        "frames": wanted,
        "answered": sum(d.answered for d in done),
        "resent": sum(d.resent for d in done),
        "seconds": round(max(d.seconds for d in done), 1),
        "p99_s": round(max(d.p99_s for d in done), 2),
        "settled_s_after_last_answer": round(settled, 1),
        "came_back": came_back,
        "leases": dict(cluster.holders()),
        "rows": rows,
        "lost": wanted - distinct,
        "doubled": rows - distinct,
        "ledger": {"received": received, "stored": stored, "control": control, "rejected": rejected},
        "findings": sum(said.values()),
        "findings_lost": sum((expected - said).values()),
        "findings_doubled_or_untrue": sum((said - expected).values()),
    }
    report["holds"] = (
        rows == distinct == wanted == report["answered"] == stored
        and received == stored + control + rejected
        and said == expected
        and all(came_back.values())
    )
    return report


def _settle(cluster: Cluster, wanted: int, seconds: float = 180) -> float:
    """Until everything is stored and every judge has passed the end of its partition; how long that took."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        stored = cluster.ask("SELECT coalesce(sum(stored), 0)::bigint FROM fast.ledger")[0][0]
        behind = cluster.ask(
            "SELECT count(*) FROM fast.position s JOIN fast.position j ON j.stream = s.stream AND j.consumer <> 'sink'"
            " WHERE s.consumer = 'sink' AND j.seq < s.seq"
        )[0][0]
        if stored >= wanted and not behind:
            break
        time.sleep(0.2)
    return time.monotonic() - start


def main(argv: list[str]) -> int:
    """Run it, print JSON; 1 when something was lost, doubled or did not come back."""
    parser = argparse.ArgumentParser(prog="siteloop bench cluster")
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=400, help="frames a second over both listeners")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--fast", action="store_true", help="without the web and worker roles")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="siteloop-cluster-") as folder:
        cluster = Cluster(Path(folder), FAST if asked.fast else ALL, asked.partitions)
        try:
            cluster.start(asked.devices)
            report = run(cluster, asked.devices, asked.frames, asked.rate)
        finally:
            cluster.stop()
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0 if report["holds"] else 1
