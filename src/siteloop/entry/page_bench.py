"""`siteloop bench pages`: what lists, boards and records cost at the server when a city is full; prints JSON.

Pages are asked for in this process, through everything a request goes through, by an officer of a city and one of a county, over the
database role of the desk. The first answer of each page is not counted (templates are read then).
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BAR_MS = 300
LONGEST_MS = 10_000  # a page that is this slow is known to be slow


def main(words: Sequence[str]) -> int:
    """Fill a data folder of its own and measure. 1 when a page needs more than the bar (p95)."""
    parser = argparse.ArgumentParser(prog="siteloop bench pages")
    parser.add_argument("--projects", type=int, default=5_000)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="siteloop-pages-") as folder:
        os.environ["SITELOOP_DATA"] = folder
        told = _measured(Path(folder), args)
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 0 if told["worst_p95_ms"] <= BAR_MS else 1


def _measured(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    from siteloop.entry import migrating
    from siteloop.entry.supervisor import Supervisor

    supervisor = Supervisor(only=(), quiet=True)
    try:
        supervisor.prepare()
        os.environ["SITELOOP_DATABASE_URL"] = supervisor.database_url
        migrating.migrate(supervisor.database_url)
        from siteloop.entry import filled_city

        begun = time.monotonic()
        filled = filled_city.fill(args.projects, args.cases)
        _analyze()
        filling = time.monotonic() - begun
        pages = {}
        for account in filled.accounts:
            for path in _paths(filled):
                pages[f"{account} {path}"] = found = _page(account, path, args.rounds)
                print(f"{found['p95_ms']:8.1f} ms  {account} {path}", file=sys.stderr, flush=True)
    finally:
        supervisor.stop()
    return {
        "projects": args.projects,
        "cases": args.cases,
        "filled_in_s": round(filling, 1),
        "worst_p95_ms": max(page["p95_ms"] for page in pages.values()),
        "pages": dict(sorted(pages.items(), key=lambda item: -item[1]["p95_ms"])),
    }


def _analyze() -> None:
    """The planner knows the tables, as it does a while after such rows came in."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET ROLE siteloop_web")


def _paths(filled: Any) -> tuple[str, ...]:
    """Where people look: the desk, boards, lists (filtered, sorted, searched, far pages) and records; the API beside them."""
    return (
        "/workbench/",
        "/board/",
        "/board/?part=coverage",
        "/one_map/",
        "/one_map/points.json",
        "/fleet/",
        "/fleet/rates/",
        "/registry/projects/",
        "/registry/projects/?search=测量项目04",
        "/registry/sites/?state=under_construction",
        "/registry/devices/?page=40",
        "/cases/cases/",
        "/cases/cases/?state=disposing,verifying&is_overdue=true",
        "/cases/cases/?search=PDBENCH-00999",
        "/cases/cases/?ordering=deadline&page=100",
        "/cases/findings/",
        f"/cases/cases/{filled.case}/",
        f"/places/projects/{filled.project}/",
        f"/places/sites/{filled.site}/",
        f"/places/devices/{filled.device}/",
        "/search?q=测量项目00012",
        "/api/v1/registry/projects?page_size=50",
        "/api/v1/cases?page_size=50",
        "/api/v1/findings?page_size=50",
    )


def _page(account: str, path: str, rounds: int) -> dict[str, Any]:
    """Milliseconds at the server, number of queries and size of one page."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client

    asked: list[str] = []

    def count(execute: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return execute(sql, *more)

    client = Client(SERVER_NAME="localhost")
    client.force_login(get_user_model()._base_manager.get(username=account))
    with connection.execute_wrapper(count):
        answer = client.get(path)
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - begun) * 1000)
        if sum(took) > LONGEST_MS:
            break
    took.sort()
    return {
        "status": answer.status_code,
        "p50_ms": round(statistics.median(took), 1),
        "p95_ms": round(took[min(len(took) - 1, int(len(took) * 0.95))], 1),
        "queries": len(asked),
        "bytes": len(answer.content) if not answer.streaming else 0,
    }
