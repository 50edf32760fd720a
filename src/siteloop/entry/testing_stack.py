"""For tests: the program as a person starts it, in a data folder and on ports of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siteloop.entry import testing_base
from siteloop.entry.engines import processes
from siteloop.gateway import ports


@dataclass
class Stack:
    """`start()`, use `url`, `database_url`, `nats_url`, `hj212`, `mqtt`; `kill()` as a power cut would; `stop()`."""

    data: Path
    arguments: tuple[str, ...] = ("up",)
    variables: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        for name in ("HTTP", "HJ212", "MQTT", "JT808", "LIFTING"):
            self.variables.setdefault(f"SITELOOP_{name}", f"127.0.0.1:{ports.free()}")

    @property
    def environment(self) -> dict[str, str]:
        """The test run's own engines are not this program's."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SITELOOP_")}
        return {**kept, "SITELOOP_DATA": str(self.data), **self.variables}

    @property
    def said(self) -> Path:
        """What the program printed."""
        return self.data.with_name(f"{self.data.name}.out")

    @property
    def url(self) -> str:
        """Where the pages are, without a slash at the end."""
        return f"http://{self.variables['SITELOOP_HTTP']}"

    @property
    def state(self) -> dict[str, Any]:
        """run.json: process numbers, engine addresses."""
        return dict(json.loads((self.data / "run.json").read_text()))

    @property
    def database_url(self) -> str:
        """As the owner."""
        return str(self.state["database_url"])

    @property
    def nats_url(self) -> str:
        """With its token."""
        return str(self.state["nats_url"])

    @property
    def hj212(self) -> tuple[str, int]:
        """Where devices speak HJ 212."""
        return processes.address(self.variables["SITELOOP_HJ212"])

    @property
    def mqtt(self) -> tuple[str, int]:
        """Where devices speak MQTT."""
        return processes.address(self.variables["SITELOOP_MQTT"])

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Run one of the program's commands on this data."""
        command = [sys.executable, "-m", "siteloop.entry.cli", *arguments]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603

    def start(self, seconds: float = 120) -> None:
        """Until it is ready; in a new folder the tables are there already. Raises RuntimeError with what the program said."""
        testing_base.spare_first_start(self.data)
        log = self.said.open("ab")
        command = [sys.executable, "-m", "siteloop.entry.cli", *self.arguments]
        self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)  # noqa: S603
        if not processes.wait_for(self.is_ready, self.process, seconds):
            self.stop()
            logs = [self.said, *sorted((self.data / "logs").glob("*.log"))]
            raise RuntimeError("; ".join(f"{path.name}: {processes.tail(path)}" for path in logs))

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9 of the supervisor alone."""
        assert self.process is not None, "start() first"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGINT, 60)
            self.process = None

    def until(self, holds: Any, seconds: float = 60) -> None:
        """Wait for something to become true. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError("it did not become true")
            time.sleep(0.05)
