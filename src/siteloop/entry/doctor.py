"""`siteloop doctor`: one line a check, what is wrong and how to mend it. Starts nothing and changes nothing."""

import datetime as dt
import importlib.util
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from cryptography import x509

from siteloop.entry import environment, rooms, wiring
from siteloop.entry.engines import processes
from siteloop.entry.engines.nats import binary
from siteloop.entry.engines.postgres import MAJOR, binaries
from siteloop.entry.environment import Environment
from siteloop.entry.trouble import Trouble
from siteloop.gateway.tls import BadCertificate, Certificate

LEAST_MB = 5 * 1024
OLD_REGISTRY_S = 7 * 86_400
CLOCK_OFF_S = 2.0
LEAST_DAYS = 30  # a certificate should be good for


@dataclass(frozen=True)
class Check:
    """`mend` says what to do; empty for a thing that is in order."""

    name: str
    found: str
    mend: str = ""


def examine(say: Callable[[str], None] = print) -> int:
    """Run every check; 1 when one of them asks for mending."""
    env = environment.read()
    ill = 0
    for check in checks(env):
        ill += bool(check.mend)
        say(
            f"{'✗' if check.mend else '✓'} {check.name}: {check.found}"
            + (f" → {check.mend}" if check.mend else "")
        )
    return 1 if ill else 0


def checks(env: Environment) -> Iterator[Check]:
    """All checks in order; those of a running program only where one runs."""
    state = wiring.state(env.data)
    is_up = bool(state) and processes.is_running(int(state["supervisor"]), "siteloop")
    yield _python()
    yield from _programs()
    yield _browser_libraries()
    yield _disk(env)
    yield _folder(env)
    yield from _certificate(env)
    yield Check("运行 running", f"supervisor {state['supervisor']}" if is_up else "未运行 not running")
    if not is_up:
        yield from _ports(env)
    if is_up:
        yield from _roles(state)
    database, bus = (state["database_url"], state["nats_url"]) if is_up else (env.database_url, env.nats_url)
    if bus:
        yield _bus(bus)
    if database:
        yield from _database(database)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", version, "" if sys.version_info >= (3, 11) else "安装 Python 3.11 或更新版本")


def _programs() -> Iterator[Check]:
    finders: dict[str, Callable[[], object]] = {"PostgreSQL": binaries, "nats-server": binary}
    for name, find in finders.items():
        try:
            yield Check(name, str(find()))
        except Trouble as trouble:
            yield Check(name, "缺少 missing", str(trouble))
    lacking = [
        m for m in ("django", "numpy", "numba", "msgspec", "uvicorn") if importlib.util.find_spec(m) is None
    ]
    yield Check(
        "依赖 packages",
        "缺少 " + ", ".join(lacking) if lacking else "齐全 complete",
        "./run setup" if lacking else "",
    )


def _browser_libraries() -> Check:
    folder = rooms.SOURCE.parents[1] / "node_modules"
    there = (folder / ".siteloop-stamp").exists()
    return Check(
        "浏览器端库 node_modules",
        str(folder) if there else "未安装 not installed",
        "" if there else "./run setup",
    )


def _disk(env: Environment) -> Check:
    free = shutil.disk_usage(_existing(env.data)).free // 1024**2
    return Check("磁盘 disk", f"{free} MB", "" if free >= LEAST_MB else f"腾出空间，至少 {LEAST_MB} MB")


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


def _folder(env: Environment) -> Check:
    name = "数据目录 data folder"
    version = env.data / "postgres" / "PG_VERSION"
    if env.database_url or not (env.data / "postgres").exists():
        return Check(
            name, f"{env.data}（{'外部数据库 external database' if env.database_url else '尚未建立 new'}）"
        )
    found = version.read_text().strip() if version.exists() else "?"
    return Check(
        name, f"{env.data} PostgreSQL {found}", "" if found == MAJOR else "换一个 SITELOOP_DATA，或先转换数据"
    )


def _certificate(env: Environment) -> Iterator[Check]:
    """The certificate of the doors with TLS: usable, and not about to expire."""
    name = "接入证书 TLS"
    if not (env.tls_chain or env.tls_key):
        if env.hj212_tls or env.mqtt_tls or env.intake_tls:
            yield Check(name, "未设置 not set", "设置 SITELOOP_TLS_CERT 与 SITELOOP_TLS_KEY")
        return
    try:
        Certificate(Path(env.tls_chain), Path(env.tls_key))
        found = x509.load_pem_x509_certificate(Path(env.tls_chain).read_bytes())
    except (BadCertificate, ValueError, OSError) as wrong:
        yield Check(name, env.tls_chain, str(wrong))
        return
    left = (found.not_valid_after_utc - dt.datetime.now(dt.UTC)).days
    mend = "" if left >= LEAST_DAYS else "更换证书文件；替换后自动生效，不用重启"
    yield Check(name, f"{found.subject.rfc4514_string()}，剩余 {left} 天", mend)


def _ports(env: Environment) -> Iterator[Check]:
    for name, text in (("SITELOOP_HTTP", env.http), *env.doors().values()):
        if not text:
            yield Check(name, "关闭 closed")
            continue
        try:
            free = processes.is_free(*processes.address(text))
        except Trouble as trouble:
            yield Check(name, text, str(trouble))
            continue
        yield Check(name, text, "" if free else f"端口被占用：停止占用者，或改 {name}")


def _roles(state: dict[str, Any]) -> Iterator[Check]:
    for name, pid in state["roles"].items():
        alive = processes.is_running(pid, "siteloop" if name != "simulators" else "simulators")
        again = state["restarts"].get(name, 0)
        mend = "" if alive and again < 5 else f"查看数据目录 logs/{name}.log"
        yield Check(f"角色 {name}", f"pid {pid}, restarts {again}", mend)


def _bus(url: str) -> Check:
    """Reads the server's greeting: JetStream must be on. Of a cluster, the first server that answers speaks for it."""
    each = [urlsplit(one) for one in url.split(",")]
    parts = next((p for p in each if processes.greeting(p.hostname or "", p.port or 4222)), each[0])
    where = f"{parts.hostname}:{parts.port or 4222}"
    greeting = processes.greeting(parts.hostname or "", parts.port or 4222)
    if not greeting.startswith("INFO "):
        return Check("消息总线 NATS", where, "NATS 未应答：启动它，或改 SITELOOP_NATS_URL")
    info = json.loads(greeting[5:])
    return Check(
        "消息总线 NATS",
        f"{where} {info.get('version')}",
        "" if info.get("jetstream") else "在 NATS 中启用 JetStream",
    )


def _database(url: str) -> Iterator[Check]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as wrong:
        yield Check(
            "数据库 PostgreSQL", str(wrong).strip().splitlines()[0], "启动数据库，或改 SITELOOP_DATABASE_URL"
        )
        return
    with connection:
        row = connection.execute(
            "SELECT current_setting('server_version_num')::int, clock_timestamp()"
        ).fetchone()
        assert row is not None, "a SELECT without FROM has one row"
        yield Check(
            "数据库 PostgreSQL",
            str(row[0] // 10_000),
            "" if row[0] >= 160_000 else "需要 PostgreSQL 16 或更新版本",
        )
        off = abs(row[1].timestamp() - time.time())
        yield Check(
            "时钟 clock", f"{off:.1f} s", "" if off < CLOCK_OFF_S else "校准本机与数据库主机的时钟（NTP）"
        )
        yield from _tables(connection)


def _tables(connection: psycopg.Connection[tuple[Any, ...]]) -> Iterator[Check]:
    try:
        schema = connection.execute("SELECT max(version) FROM fast.schema_version").fetchone()
        registry = connection.execute(
            "SELECT version, extract(epoch FROM now() - published_at)::float FROM fast.registry"
        ).fetchone()
        inbox = connection.execute(
            "SELECT count(*) FROM fast.finding_inbox WHERE taken_at IS NULL"
        ).fetchone()
        jobs = connection.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'").fetchone()
    except psycopg.errors.UndefinedTable:
        yield Check("数据库结构 schema", "未建立 not migrated", "siteloop migrate")
        return
    yield Check("数据库结构 schema", str(schema[0] if schema else "?"))
    if registry is None:
        yield Check(
            "登记快照 registry", "从未发布 never published", "在“设备”中保存任一设备，或运行 siteloop migrate"
        )
    else:
        old = registry[1] > OLD_REGISTRY_S
        yield Check(
            "登记快照 registry",
            f"v{registry[0]}, {registry[1] / 3600:.1f} h",
            "检查 worker 角色" if old else "",
        )
    for name, row in (("待取发现 inbox", inbox), ("待办任务 jobs", jobs)):
        waiting = row[0] if row else 0
        yield Check(name, str(waiting), "" if waiting < 1000 else "积压：检查 worker 角色")
