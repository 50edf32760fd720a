"""`siteloop bench pages`: what lists, boards and records cost at the server when a city is full; prints JSON.

Pages are asked for in this process, through everything a request goes through, by an officer of a city and one of a county, over the
database role of the desk. The first answer of each page is not counted (templates are read then). Beside the time on the wall stand the
processor's times, of Python and of the database, which a busy machine does not stretch.

`--keep FOLDER` fills a folder once and measures it again and again; `--only PART` asks only pages whose path holds PART.
"""

import argparse
import contextlib
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siteloop.entry.filled_city import Filled

BAR_MS = 300
LONGEST_MS = 10_000  # a page that is this slow is known to be slow


def main(words: Sequence[str]) -> int:
    """Fill a data folder of its own and measure. 1 when a page needs more than the bar (p95)."""
    parser = argparse.ArgumentParser(prog="siteloop bench pages")
    parser.add_argument("--projects", type=int, default=5_000)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--keep", default="", metavar="FOLDER")
    parser.add_argument("--only", default="", metavar="PART")
    args = parser.parse_args(words)
    with contextlib.ExitStack() as after:
        folder = args.keep or after.enter_context(tempfile.TemporaryDirectory(prefix="siteloop-pages-"))
        os.environ["SITELOOP_DATA"] = folder
        told = _measured(Path(folder), args)
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 0 if told["worst_p95_ms"] <= BAR_MS else 1


def _measured(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    from siteloop.entry import migrating, settled
    from siteloop.entry.supervisor import Supervisor

    supervisor = Supervisor(only=(), quiet=True)
    try:
        supervisor.prepare()
        os.environ["SITELOOP_DATABASE_URL"] = supervisor.database_url
        migrating.migrate(supervisor.database_url)
        begun = time.monotonic()
        filled = _filled(folder, args)
        _take_role()
        settled.settle()
        filling = time.monotonic() - begun
        pages = {}
        for account in filled.accounts:
            for path in _paths(filled):
                if args.only not in path:
                    continue
                pages[f"{account} {path}"] = found = _page(account, path, args.rounds)
                told = "p95_ms", "python_ms", "database_ms", "queries", "status"
                print(*(f"{found[n]:>8}" for n in told), f" {account} {path}", file=sys.stderr, flush=True)
    finally:
        supervisor.stop()
    return {
        "projects": args.projects,
        "cases": args.cases,
        "filled_in_s": round(filling, 1),
        "worst_p95_ms": max(page["p95_ms"] for page in pages.values()),
        "pages": dict(sorted(pages.items(), key=lambda item: -item[1]["p95_ms"])),
    }


def _filled(folder: Path, args: argparse.Namespace) -> "Filled":
    """What the folder holds: filled now, or in an earlier run that kept it."""
    from django.db import connection, transaction

    from siteloop.entry import filled_city

    note = folder / "filled.json"
    if note.exists():
        return filled_city.Filled(**json.loads(note.read_text()))
    with transaction.atomic():
        filled = filled_city.fill(args.projects, args.cases)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as tables stand a while after such rows came in
    note.write_text(json.dumps(asdict(filled)))
    return filled


def _take_role() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET ROLE siteloop_web")


def _paths(filled: "Filled") -> tuple[str, ...]:
    """Where people look: the desk, boards, lists (filtered, sorted, searched, far pages) and records; the API beside them."""
    from siteloop.framework.pages_found import all_pages, path_of

    told = _chosen_paths(filled)
    return (*told, *sorted({path_of(page) for page in all_pages()} - set(told)))


def _chosen_paths(filled: "Filled") -> tuple[str, ...]:
    return (
        "/workbench/",
        "/board/",
        "/board/?part=coverage",
        "/one_map/",
        "/one_map/points.json",
        "/fleet/",
        "/fleet/?state=offline&sort=-age&page=3",
        "/fleet/?sort=-fault&days=7",
        "/fleet/rates/",
        "/fleet/rates/?by=device&days=7",
        "/registry/projects/",
        "/registry/projects/?search=测量项目04",
        "/registry/sites/?state=under_construction",
        "/registry/devices/?page=40",
        "/cases/cases/",
        "/cases/cases/?state=disposing,verifying&is_overdue=true",
        "/cases/cases/?search=PDBENCH-00999",
        "/cases/cases/?ordering=deadline&page=100",
        "/cases/findings/",
        "/centres/events/?what=warning",
        "/centres/events/?what=todo&age=more",
        "/centres/disposal/",
        "/centres/disposal/?late=1&page=40",
        "/centres/evaluation/?kind=site",
        "/centres/decision/?tab=first",
        "/centres/decision/?tab=watch",
        "/centres/decision/?tab=enterprises",
        "/centres/decision/?tab=indicators",
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
    took: list[float] = []
    python, database = time.process_time(), _backend_s()
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = client.get(path)
        len(answer.getvalue())  # an export is only made while it is read
        took.append((time.perf_counter() - begun) * 1000)
        if sum(took) > LONGEST_MS:
            break
    python, database = time.process_time() - python, _backend_s() - database
    took.sort()
    return {
        "status": answer.status_code,
        "p50_ms": round(statistics.median(took), 1),
        "p95_ms": round(took[math.ceil(len(took) * 0.95) - 1], 1),
        "python_ms": round(python / len(took) * 1000, 1),
        "database_ms": round(database / len(took) * 1000, 1),
        "queries": len(asked),
        "bytes": len(answer.content) if not answer.streaming else 0,
    }


def _backend_s() -> float:
    """Processor seconds of the database's process that serves this connection; steps of 10 ms."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
