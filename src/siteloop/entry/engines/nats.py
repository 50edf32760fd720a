"""NATS JetStream from the wheel on a loopback port of its own. Every write is flushed before it is acknowledged."""

import contextlib
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from siteloop.entry.engines import processes
from siteloop.entry.engines.nats_links import LeafDoor, Uplink
from siteloop.entry.trouble import Trouble
from siteloop.gateway import ports

CONFIG = """\
# written at every start; `sync_interval: always` is what an acknowledgement to a device rests on
server_name: {name}
listen: "127.0.0.1:{port}"
pid_file: "{folder}/nats.pid"
max_payload: 8MB
max_pending: 256MB
{authorization}
jetstream {{
  {domain}
  store_dir: "{folder}/jetstream"
  max_memory_store: 64MB
  max_file_store: 64GB
  sync_interval: always
}}
{leaf}
"""


STUCK = b"critical write error"
FULL = 16  # a disk counts as full below this part of the room that a start needs


def binary() -> str:
    """The server of the wheel, beside the interpreter."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise Trouble("未找到 nats-server，请重新运行 ./run", "nats-server is not installed, run ./run again")
    return found


class Nats:
    """One embedded server."""

    name = "nats"

    def __init__(self, data: Path, door: LeafDoor | None = None, uplink: Uplink | None = None) -> None:
        self.data, self.folder, self.door, self.uplink = data, data / "nats", door, uplink
        self.log = data / "logs" / "nats.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.port, self.token = 0, ""
        self._was_full = False
        self._read_up_to = 0  # of the log

    @property
    def url(self) -> str:
        """Client address, once started."""
        who = f"siteloop:{self.token}" if self.door is not None else self.token
        return f"nats://{who}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers. Raises Trouble."""
        self.folder.mkdir(parents=True, exist_ok=True)
        processes.ensure_room(self.folder)
        if any(self.folder.iterdir()) and not (self.folder / "token").exists():
            raise Trouble(
                f"{self.folder} 不是本程序的消息目录，请换一个 SITELOOP_DATA",
                f"{self.folder} is not a message folder of this program, choose another SITELOOP_DATA",
            )
        self.token = self._kept("token", lambda: secrets.token_urlsafe(24))
        self._clear_way()
        self.port = int(self._kept("port", lambda: str(ports.free())))
        if not processes.is_free("127.0.0.1", self.port):
            # taken by somebody else: the stored port is only a preference
            self.port = ports.free()
            (self.folder / "port").write_text(str(self.port))
        config = self.folder / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(self._config())
        self._was_full, self._read_up_to = False, self.log.stat().st_size if self.log.exists() else 0
        self.process = processes.start([binary(), "-c", str(config)], self.log)
        if not processes.wait_for(self._answers, self.process, 30):
            raise Trouble(f"NATS 未能启动：{processes.tail(self.log)}", f"NATS did not start, see {self.log}")

    def _config(self) -> str:
        """A server of its own; with a door for edges it has users, and as an edge a domain of its own and a way up."""
        edge = self.uplink.edge if self.uplink is not None else ""
        authorization = f'authorization {{ token: "{self.token}" }}'
        if self.door is not None:
            own = f'{{ user: "siteloop", password: "{self.token}" }}'
            authorization = f"authorization {{ users: [\n    {own},\n    {self.door.users()} ] }}"
        return CONFIG.format(
            name=f"siteloop-edge-{edge}" if edge else "siteloop",
            port=self.port,
            folder=self.folder,
            authorization=authorization,
            domain=f'domain: "edge-{edge}"' if edge else "",
            leaf="\n".join(part.text() for part in (self.door, self.uplink) if part is not None),
        )

    def stop(self) -> None:
        """Ask it to finish."""
        if self.process is not None:
            processes.stop(self.process, patience=15)

    def is_stuck(self) -> bool:
        """Whether the disk was full since the start. A stream that once failed to write refuses every block from then on,
        and answers nobody, even when there is room again: only a new start helps (seen with 2.15).
        """
        free = shutil.disk_usage(self.folder).free
        self._was_full = self._was_full or free < processes.least_free() // FULL or self._says_so()
        return self._was_full

    def has_room(self) -> bool:
        """Whether a new start would be allowed."""
        return shutil.disk_usage(self.folder).free >= processes.least_free()

    def _says_so(self) -> bool:
        try:
            with self.log.open("rb") as log:
                log.seek(self._read_up_to)
                fresh = log.read(1 << 20)
        except OSError:
            return False
        self._read_up_to += max(0, len(fresh) - len(STUCK))  # the words may be cut in two
        return STUCK in fresh

    def _answers(self) -> bool:
        return processes.greeting("127.0.0.1", self.port).startswith("INFO")

    def _clear_way(self) -> None:
        """A server left over by a killed supervisor must let go of the store first."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int((self.folder / "nats.pid").read_text())
            processes.clear_away(pid, str(self.folder), signal.SIGTERM, signal.SIGKILL)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        """A value chosen once and kept, so that a restart is found under the same address."""
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(make())
        return path.read_text()
