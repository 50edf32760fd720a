"""Archiving on the running installation: the fast plane's archiver with the desk's terms. `siteloop archive` does it now."""

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import psycopg

from siteloop.entry import environment, wiring
from siteloop.entry.trouble import Trouble
from siteloop.gateway.history.archive_store import FolderStore
from siteloop.gateway.history.archiving import Archiver, remove_raw

FOLDER = "archive"  # below the data folder


def database_url() -> str:
    """Of the running program, or the one the environment names. Raises Trouble."""
    env = environment.read()
    url = env.database_url or str(wiring.state(env.data).get("database_url", ""))
    if not url:
        raise Trouble("数据库未连接，请先运行 siteloop up 或设置 SITELOOP_DATABASE_URL", "no database")
    return url


def leave(
    rows: Mapping[str, int], raw_days: int | None, tell: Callable[[str], None] = lambda words: None
) -> dict[str, Any]:
    """Archive days past their terms, then remove raw frames past theirs; what was done. Raises psycopg.Error, OSError."""
    env = environment.read()
    now = dt.datetime.now(dt.UTC)
    with psycopg.connect(wiring.as_role(database_url(), "siteloop_fast"), autocommit=True) as connection:
        report = Archiver(connection, FolderStore(env.data / FOLDER)).run(rows, now.date(), tell)
        if raw_days is not None:
            report.raw_days, report.raw_chunks = remove_raw(connection, env.data / "raw", raw_days, now)
    return dict(msgspec.to_builtins(report))


def run(args: argparse.Namespace) -> int:
    """`siteloop archive`: as the nightly job, now; one line a day."""
    os.environ["SITELOOP_DATABASE_URL"] = database_url()
    from siteloop.entry.migrating import django_ready

    django_ready()
    from siteloop.foundation.telemetry.retention import terms

    asked = terms()
    try:
        done = leave(asked.rows, asked.raw, lambda words: print(words, flush=True))
    except OSError as full:
        raise Trouble(
            f"归档未完成：{full}；数据仍在库中，可再次运行", "the archive is not finished"
        ) from full
    for waiting in done["waiting"]:
        print(f"暂不归档 {waiting}", file=sys.stderr)
    print(
        f"归档 {len(done['days'])} 个日分区，{done['rows']:,} 行，{done['bytes']:,} 字节；"
        f"删除 {done['raw_days']} 天原始报文"
    )
    return 0
