"""NATS JetStream from the wheel on a loopback port of its own. Every write is flushed before it is acknowledged."""

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from siteloop.entry.engines import processes
from siteloop.entry.trouble import Trouble

CONFIG = """\
# written at every start; `sync_interval: always` is what an acknowledgement to a device rests on
listen: 127.0.0.1:{port}
max_payload: 8MB
authorization {{ token: "{token}" }}
jetstream {{
  store_dir: "{store}"
  max_memory_store: 64MB
  max_file_store: 64GB
  sync_interval: always
}}
"""


def binary() -> str:
    """The server of the wheel, beside the interpreter."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise Trouble("未找到 nats-server，请重新运行 ./run", "nats-server is not installed, run ./run again")
    return found


class Nats:
    """One embedded server."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "nats"
        self.log = data / "logs" / "nats.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = self._kept("port", lambda: str(processes.free_port()))
        self.token = self._kept("token", lambda: secrets.token_urlsafe(24))

    def _kept(self, name: str, make: object) -> str:
        """A value chosen once and kept, so that a restart is found under the same address."""
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(make())  # type: ignore[operator]
            path.chmod(0o600)
        return path.read_text()

    @property
    def url(self) -> str:
        """Client address."""
        return f"nats://{self.token}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers. Raises Trouble."""
        if processes.listens("127.0.0.1", int(self.port)):
            # left over or taken by somebody else: the stored port is only a preference
            self.port = str(processes.free_port())
            (self.folder / "port").write_text(self.port)
        config = self.folder / "nats.conf"
        config.write_text(CONFIG.format(port=self.port, token=self.token, store=self.folder / "jetstream"))
        config.chmod(0o600)
        self.process = processes.start([binary(), "-c", str(config)], self.log)
        if not processes.wait_for(lambda: processes.listens("127.0.0.1", int(self.port)), self.process, 30):
            raise Trouble(f"NATS 未能启动：{processes.tail(self.log)}", f"NATS did not start, see {self.log}")

    def stop(self) -> None:
        """Ask it to finish."""
        if self.process is not None:
            processes.stop(self.process)
