"""The embedded NATS server with JetStream: every acknowledged block is on disk (`sync_interval: always`)."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from siteloop.entry.children import before_exec, free_port, is_free, is_running
from siteloop.entry.engines.disk import ensure_room
from siteloop.entry.sentences import CannotStart

CONFIG = """\
server_name: siteloop
listen: "127.0.0.1:{port}"
pid_file: "{folder}/nats.pid"
max_payload: 8MB
max_pending: 256MB
write_deadline: "10s"
authorization {{ token: "{token}" }}
jetstream {{
  store_dir: "{folder}/store"
  max_memory_store: 64MB
  max_file_store: 100GB
  # the default flushes every two minutes and can lose what was acknowledged
  sync_interval: always
}}
"""


class Nats:
    """One store folder with its server on a loopback port. `start()` … `stop()`; `url` holds the token."""

    name = "nats"

    def __init__(self, data: Path) -> None:
        self.data, self.folder = data, data / "nats"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.token = ""

    @property
    def url(self) -> str:
        """Address with the token."""
        return f"nats://{self.token}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Write the configuration, start the server, wait until it answers. Raises CannotStart."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ensure_room(self.folder)
        if any(self.folder.iterdir()) and not (self.folder / "token").exists():
            raise CannotStart(
                f"{self.folder} 不是本程序的消息目录，请换一个 SITELOOP_DATA",
                f"{self.folder} is not a message store of this program; choose another SITELOOP_DATA",
            )
        self.token = self._kept("token", lambda: secrets.token_urlsafe(32))
        self._clear_way()
        self.port = int(self._kept("port", lambda: str(free_port())))
        if not is_free("127.0.0.1", self.port):
            self.port = free_port()
            (self.folder / "port").write_text(str(self.port))
        self._write("server.conf", CONFIG.format(port=self.port, folder=self.folder, token=self.token))
        self.spawn()
        self.wait()

    def spawn(self) -> None:
        """Start the server process."""
        program = Path(sys.executable).with_name("nats-server")
        if not program.exists():
            raise CannotStart("找不到 nats-server，请重新运行 ./run", "nats-server is missing; run ./run again")
        self.process = subprocess.Popen(
            [program, "--config", self.folder / "server.conf", "--log", self.folder / "nats.log", "--log_size_limit", "10485760"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=before_exec(signal.SIGTERM),
        )

    def wait(self, seconds: float = 30) -> None:
        """Until it says hello. Raises CannotStart when it ends or stays silent."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection,
            ):
                if connection.recv(16).startswith(b"INFO"):
                    return
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise CannotStart(
            f"内置消息服务 NATS 未能启动，见 {self.folder}/nats.log", f"the embedded NATS did not start, see {self.folder}/nats.log"
        )

    def stop(self) -> None:
        """Orderly shut-down."""
        if self.process is None:
            return
        for how, seconds in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
            if self.process.poll() is not None:
                break
            self.process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.process = None

    def _clear_way(self) -> None:
        """A server of this folder that outlived its supervisor must let go of the store first."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int((self.folder / "nats.pid").read_text())
            for how in (signal.SIGTERM, signal.SIGKILL):
                for _ in range(50):
                    if not is_running(pid, str(self.folder)):
                        return
                    time.sleep(0.1)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        path = self.folder / name
        if not path.exists():
            self._write(name, make())
        return path.read_text().strip()

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(text)
