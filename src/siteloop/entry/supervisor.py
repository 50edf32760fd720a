"""The supervisor: starts the engines and the roles, restarts what dies, stops in order, leaves nothing behind."""

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from siteloop.entry import edges, environment, measuring, wiring
from siteloop.entry.engines import processes
from siteloop.entry.engines.nats import Nats
from siteloop.entry.engines.postgres import Postgres
from siteloop.entry.role import EDGE, ROLES
from siteloop.entry.trouble import Trouble
from siteloop.gateway import ports
from siteloop.gateway.tls import BadCertificate, Certificate

LONGEST_WAIT_S = 15.0
#: what may lie in a data folder before its first start: keys, and folders that several machines share
BEFOREHAND = ("secrets", "static", "logs", "lock", "raw", "files", "archive", "numba")


@dataclass
class Kept:
    """One role that is kept running."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started: float = 0.0
    again_at: float = 0.0
    restarts: int = 0


@dataclass
class Supervisor:
    """Everything one data folder runs. `only` = roles to run; engines are started unless addresses were given."""

    only: tuple[str, ...] = ROLES
    extra: dict[str, list[str]] = field(default_factory=dict)  # further children, e.g. the demo's simulators
    quiet: bool = False

    def __post_init__(self) -> None:
        self.env = environment.read()
        self.variables: dict[str, str] = dict(os.environ)
        self.postgres: Postgres | None = None
        self.nats: Nats | None = None
        self.roles: dict[str, Kept] = {}
        self.engine_pauses: dict[str, Kept] = {}
        self._lock: Any = None
        self._stopping = False

    # ---- starting

    def prepare(self) -> None:
        """Lock the folder, check ports, start engines, choose inner ports. Raises Trouble."""
        self._take_folder()
        self._check_ports()
        if not self.env.database_url and not self.is_edge:
            self.postgres = Postgres(self.env.data)
            self.postgres.start()
        if not self.env.nats_url:
            self.nats = (
                Nats(self.env.data, uplink=edges.uplink())
                if self.is_edge
                else Nats(self.env.data, door=edges.door())
            )
            self.nats.start()
        self.variables |= {
            "SITELOOP_DATA": str(self.env.data),
            "SITELOOP_DATABASE_URL": self.database_url,
            "SITELOOP_NATS_URL": self.nats_url,
            # given from outside where the roles run on several machines
            # an edge has no pages: its HTTP door is the intake itself
            "SITELOOP_INTAKE_PORT": (self.env.http if self.is_edge else "")
            or os.environ.get("SITELOOP_INTAKE_PORT")
            or f"127.0.0.1:{ports.free()}",
            "SITELOOP_LIVE_PORT": os.environ.get("SITELOOP_LIVE_PORT") or f"127.0.0.1:{ports.free()}",
            "SITELOOP_INTERNAL": os.environ.get("SITELOOP_INTERNAL") or secrets.token_urlsafe(24),
            measuring.PORTS: ",".join(f"{role}={port}" for role, port in self._figures().items()),
            "PYTHONUNBUFFERED": "1",
        }
        os.environ.update({k: self.variables[k] for k in self.variables if k.startswith("SITELOOP_")})

    def _figures(self) -> dict[str, int]:
        """Loopback port of each role's figures: as SITELOOP_FIGURES says for the whole machine, else chosen. Raises Trouble."""
        try:
            given = measuring.given()
        except ValueError as wrong:
            raise Trouble(
                "SITELOOP_FIGURES 应写作 角色=端口,角色=端口", "SITELOOP_FIGURES must be role=port,role=port"
            ) from wrong
        return {role: ports.free() for role in self.only if role != "web"} | given

    @property
    def is_edge(self) -> bool:
        """Whether this is a site's edge: listeners and a leaf of the bus, no database."""
        return EDGE in self.only

    @property
    def database_url(self) -> str:
        """Owner's connection string."""
        return self.postgres.url if self.postgres else self.env.database_url

    @property
    def nats_url(self) -> str:
        """Client address of the bus."""
        return self.nats.url if self.nats else self.env.nats_url

    def _take_folder(self) -> None:
        self.env.data.mkdir(parents=True, exist_ok=True)
        mark = self.env.data / "siteloop"
        others = [p for p in self.env.data.iterdir() if p.name not in BEFOREHAND]
        if others and not mark.exists():
            raise Trouble(
                f"{self.env.data} 已有其他文件，不是本程序的数据目录",
                f"{self.env.data} holds other files, it is not a data folder of this program",
            )
        mark.write_text("data folder of siteloop\n")
        lock = (self.env.data / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Trouble(
                f"{self.env.data} 正被另一个 siteloop 使用", f"another siteloop runs on {self.env.data}"
            ) from taken
        self._lock = lock
        processes.ensure_room(self.env.data)

    def _check_ports(self) -> None:
        self._close_unasked_doors()
        wanted = {}
        if "web" in self.only or self.is_edge:
            wanted["web"] = ("SITELOOP_HTTP", self.env.http)
        if "listener" in self.only or self.is_edge:
            wanted |= {door: said for door, said in self.env.doors().items() if said[1]}
            self._check_certificate()
        for _, (name, text) in wanted.items():
            host, port = processes.address(text)
            if port and not processes.is_free(host, port):
                raise Trouble(
                    f"端口 {text} 已被占用，请停止占用者或改 {name}",
                    f"port {text} is taken, stop whoever has it or set {name}",
                )

    def _check_certificate(self) -> None:
        """A door with TLS needs a certificate that can be used; said before anything starts."""
        if not (self.env.hj212_tls or self.env.mqtt_tls or self.env.intake_tls):
            return
        if not (self.env.tls_chain and self.env.tls_key):
            raise Trouble(
                "开启 TLS 接入须设置 SITELOOP_TLS_CERT 与 SITELOOP_TLS_KEY",
                "doors with TLS need SITELOOP_TLS_CERT and SITELOOP_TLS_KEY",
            )
        try:
            Certificate(Path(self.env.tls_chain), Path(self.env.tls_key))
        except BadCertificate as wrong:
            raise Trouble(str(wrong), "certificate and key cannot be used") from wrong

    def _close_unasked_doors(self) -> None:
        """The door for vehicles, when nobody asked for it by name, does not keep the program from starting: it stays closed."""
        if not {"listener", EDGE} & set(self.only) or "SITELOOP_JT808" in os.environ:
            return
        host, port = processes.address(self.env.jt808)
        if port and not processes.is_free(host, port):
            self._say(
                f"端口 {self.env.jt808} 已被占用，车载终端接入不开启；要开启请设置 SITELOOP_JT808 /"
                f" port {self.env.jt808} is taken, the door for vehicles stays closed; set SITELOOP_JT808 to open it"
            )
            self.env = replace(self.env, jt808="")
            self.variables["SITELOOP_JT808"] = ""

    def start_roles(self) -> None:
        """Start every role and write run.json."""
        for name in (*self.only, *self.extra):
            self.roles[name] = Kept(name)
            self._start(self.roles[name])
        self._write_state()

    def _start(self, kept: Kept) -> None:
        command = self.extra.get(kept.name) or [sys.executable, "-m", "siteloop.entry.role", kept.name]
        variables = dict(self.variables)
        if kept.name in ("web", "worker"):
            variables["SITELOOP_DATABASE_URL"] = wiring.as_role(self.database_url, "siteloop_web")
        if kept.name == "web":
            variables["SITELOOP_POOL"] = "1"
        kept.process = processes.start(command, self.env.data / "logs" / f"{kept.name}.log", variables)
        kept.started = time.monotonic()

    def _write_state(self) -> None:
        state = {
            "supervisor": os.getpid(),
            "roles": {n: k.process.pid for n, k in self.roles.items() if k.process},
            "restarts": {n: k.restarts for n, k in [*self.roles.items(), *self.engine_pauses.items()]},
            "postgres": self.postgres.process.pid if self.postgres and self.postgres.process else None,
            "nats": self.nats.process.pid if self.nats and self.nats.process else None,
            "database_url": self.database_url,
            "nats_url": self.nats_url,
            "http": self.env.http,
            **{name: where for name, (_, where) in self.env.doors().items()},
        }
        path = self.env.data / "run.json"
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(state))
        part.replace(path)

    # ---- keeping

    def watch_once(self) -> None:
        """Start again what has ended and whose pause is over."""
        changed = self._watch_engines()
        now = time.monotonic()
        for kept in self.roles.values():
            if kept.process is not None and kept.process.poll() is None:
                if kept.failures and now - kept.started > 30:
                    kept.failures = 0
                continue
            if kept.process is not None:
                self._say(f"{kept.name} ended with {kept.process.returncode}, starting it again")
                kept.process = None
                kept.again_at = now + min(LONGEST_WAIT_S, 0.2 * 2**kept.failures)
                kept.failures += 1
            if now >= kept.again_at:
                self._start(kept)
                kept.restarts += 1
                changed = True
        if changed:
            self._write_state()

    def _watch_engines(self) -> bool:
        changed = False
        now = time.monotonic()
        for engine in (self.postgres, self.nats):
            if engine is None or engine.process is None:
                continue
            pause = self.engine_pauses.setdefault(engine.name, Kept(engine.name))
            if engine is self.nats and engine.is_stuck() and engine.has_room():
                self._say("nats: there is room on the disk again, starting it anew so that it writes again")
                engine.stop()
            if engine.process.poll() is None:
                if pause.failures and now - pause.started > 30:
                    pause.failures = 0
                continue
            if now < pause.again_at:
                continue
            self._say(f"{engine.name} ended with {engine.process.returncode}, starting it again")
            pause.again_at = now + min(LONGEST_WAIT_S, 0.2 * 2**pause.failures)
            pause.failures += 1
            try:
                engine.start()
            except Trouble as trouble:
                self._say(str(trouble))
                continue
            pause.started = time.monotonic()
            pause.restarts += 1
            changed = True
        return changed

    def run(self) -> None:
        """Watch until SIGTERM or SIGINT, then stop everything."""
        signal.signal(signal.SIGTERM, self._told)
        signal.signal(signal.SIGINT, self._told)
        try:
            while not self._stopping:
                self.watch_once()
                time.sleep(0.2)
        finally:
            self.stop()

    def _told(self, *_: object) -> None:
        self._stopping = True

    def stop(self) -> None:
        """Listener first, so that no device is told what cannot be kept; engines last."""
        self._stopping = True
        order = [*self.extra, *self.only]
        for name in order:
            kept = self.roles.get(name)
            if kept is not None and kept.process is not None:
                processes.stop(kept.process)
        for engine in (self.nats, self.postgres):
            if engine is not None:
                engine.stop()
        if self._lock is not None:  # else the folder, and run.json in it, is another's
            (self.env.data / "run.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def _say(self, words: str) -> None:
        if not self.quiet:
            print(words, file=sys.stderr, flush=True)


def log_folder(data: Path) -> Path:
    """Where the children write."""
    return data / "logs"
