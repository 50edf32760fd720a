"""The program's commands: `siteloop demo | up | migrate | check | new system | sim | bench | backtest | doctor`."""

import argparse
import getpass
import json
import os
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from siteloop.entry import environment, rooms, wiring
from siteloop.entry.conforming import conformance_arguments
from siteloop.entry.role import EDGE, ROLES
from siteloop.entry.trouble import Trouble


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status; 2 with one clear sentence for trouble the person can mend."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        return int(args.run(args) or 0)
    except Trouble as trouble:
        print(f"siteloop: {trouble}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="siteloop", description="智慧工地监管平台")
    commands = parser.add_subparsers(required=True)

    def add(name: str, run: object, words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words)
        made.set_defaults(run=run)
        return made

    demo_ = add("demo", demo, "engines, migrations, demo county, simulators, screens")
    demo_.add_argument(
        "--no-simulators", action="store_true", help="the county, but no device talks by itself"
    )
    up_ = add("up", up, "engines and roles")
    up_.add_argument(
        "--role", action="append", choices=(*ROLES, EDGE), help="only this role (may be repeated)"
    )
    add("migrate", migrate, "bring the database up to date")
    add("check", check, "inspect every system folder")
    new = add("new", new_system, "write the skeleton of a system")
    new.add_argument("what", choices=["system"])
    new.add_argument("name")
    new.add_argument("--title", default="")
    bench = add("bench", benchmark, "measure ingest, faults, connections, a flood or queries")
    bench.add_argument("rest", nargs=argparse.REMAINDER)
    _backtest_arguments(add("backtest", backtest, "a rule over stored history"))
    _replay_arguments(add("replay", replay, "kept raw frames through today's codec: compare, or put right"))
    add("archive", archive_now, "move days past their term to the archive now, as every night")
    conformance_arguments(
        add(
            "conformance",
            conformance,
            "test a vendor's device or platform, write report.json and report.html",
        )
    )
    add("sim", simulate, "the demo's talking devices against the running program")
    add("prepare-assets", prepare_assets, "copy the browser libraries' files to where they are served from")
    for name, run, words in (
        ("backup", backup, "write database, files, raw frames and sealed keys into a new folder"),
        ("restore", restore, "fill a new data folder from a backup"),
    ):
        add(name, run, words).add_argument("folder", type=Path)
    add("doctor", doctor, "say what is wrong and how to mend it")
    return parser


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("--from", dest="start", required=True, help="received from, Shanghai time")
    parser.add_argument("--to", dest="end", required=True, help="received until; a bare date counts whole")
    parser.add_argument("--device", default="", help="only this device (code)")
    parser.add_argument("--profile", default="", help="only this kind of device, e.g. dust")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only compare (what it does unless told)")
    how.add_argument("--apply", action="store_true", help="write the differences")
    parser.add_argument("--reason", default="", help="why; goes into the action trail")
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def _backtest_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rule", help="code of a published rule, e.g. dust.pm10_high")
    parser.add_argument(
        "--from", dest="start", required=True, help="2026-11-01 or 2026-11-01T08:00, Shanghai time"
    )
    parser.add_argument("--to", dest="end", required=True, help="end; a bare date counts whole")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="try another number")
    parser.add_argument("--region", default="", help="as if this region said it; only its devices")
    parser.add_argument("--project", default="", help="as if this project (code) said it; only its devices")
    parser.add_argument("--device", default="", help="only this device (code)")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument("--most", type=int, default=20, help="lines of each table")


def demo(args: argparse.Namespace) -> int:
    """Everything for a newcomer; prints one line `READY {json}` and runs until stopped."""
    from siteloop.entry import demonstration
    from siteloop.entry.supervisor import Supervisor

    os.environ["SITELOOP_DEMO"] = "1"
    simulators = {} if args.no_simulators else {"simulators": [sys.executable, "-m", "simulators.county"]}
    supervisor = Supervisor(extra=simulators)
    _add_root(supervisor.variables)
    try:
        supervisor.prepare()
        supervisor.variables["SITELOOP_DEMO"] = "1"
        _bring_up(supervisor.database_url)
        ready = demonstration.ready(supervisor)
        supervisor.start_roles()
        _wait_until_served(supervisor)
    except BaseException:
        supervisor.stop()
        raise
    print("READY " + json.dumps(ready, ensure_ascii=False), flush=True)
    supervisor.run()
    return 0


def _add_root(variables: dict[str, str]) -> None:
    """The simulators lie beside the package, not in it."""
    root = str(rooms.SOURCE.parents[1])
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [root, variables.get("PYTHONPATH", "")]))


def _wait_until_served(supervisor: object) -> None:
    address = wiring.reachable(environment.read().http)
    for _ in range(600):
        supervisor.watch_once()  # type: ignore[attr-defined]
        try:
            with urllib.request.urlopen(f"http://{address}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise Trouble(
        "网页服务未能启动，详见数据目录 logs/web.log", "the web role did not start, see logs/web.log"
    )


def _bring_up(url: str) -> None:
    """Migrate unless this very edition did so before."""
    from siteloop.entry import migrating

    if not migrating.is_migrated(url):
        _migrate(url)


def _migrate(url: str) -> None:
    from siteloop.entry.migrating import migrate as bring_up
    from siteloop.gateway.schema import RolesMissing, SchemaTooNew

    try:
        bring_up(url)
    except RolesMissing as missing:
        english = "this database user may not use the roles siteloop_web and siteloop_fast; have them created and granted to it"
        raise Trouble(str(missing), english) from missing
    except SchemaTooNew as ahead:
        raise Trouble(str(ahead), "the database was migrated by a newer program, upgrade this one") from ahead


def up(args: argparse.Namespace) -> int:
    """Engines and roles, until stopped."""
    from siteloop.entry.supervisor import Supervisor

    if args.role and EDGE in args.role and len(args.role) > 1:
        raise Trouble("--role edge 须单独运行", "--role edge runs alone")
    supervisor = Supervisor(only=tuple(args.role) if args.role else ROLES)
    try:
        supervisor.prepare()
        if not args.role:
            _bring_up(supervisor.database_url)
        supervisor.start_roles()
    except BaseException:
        supervisor.stop()
        raise
    supervisor.run()
    return 0


def migrate(args: argparse.Namespace) -> int:
    """Only the migrations; starts the embedded database for it when none is given."""
    from siteloop.entry.supervisor import Supervisor

    supervisor = Supervisor(only=())
    try:
        supervisor.prepare()
        _migrate(supervisor.database_url)
    finally:
        supervisor.stop()
    return 0


def check(args: argparse.Namespace) -> int:
    """Print every problem of the system folders; 1 when there is one."""
    from siteloop.entry.migrating import django_ready

    django_ready()
    from siteloop.framework.check import run_checks

    problems = run_checks()
    for problem in problems:
        print(problem)
    print(f"siteloop check: {len(problems)} problems")
    return 1 if problems else 0


def new_system(args: argparse.Namespace) -> int:
    """Write the skeleton of a system."""
    from siteloop.framework import scaffold

    scaffold.write_system(args.name, args.title or args.name)
    return 0


def benchmark(args: argparse.Namespace) -> int:
    """siteloop bench ingest|faults|connections|garbage|flood|cluster|pages|queries …"""
    import importlib

    if args.rest[:1] == ["pages"]:
        from siteloop.entry import page_bench

        return page_bench.main(args.rest[1:])
    if args.rest[:1] == ["queries"]:
        from siteloop.entry import query_bench

        return query_bench.main(args.rest[1:])
    if args.rest[:1] == ["cluster"]:
        from siteloop.entry import cluster_trial

        return cluster_trial.main(args.rest[1:])
    return int(importlib.import_module("siteloop.gateway.bench.command").main(args.rest) or 0)


def backtest(args: argparse.Namespace) -> int:
    """What a rule would have said, and what it would say with other numbers."""
    from siteloop.entry import backtesting

    return backtesting.run(args)


def replay(args: argparse.Namespace) -> int:
    """Raw frames of a time, read again."""
    from siteloop.entry import replaying

    return replaying.run(args)


def archive_now(args: argparse.Namespace) -> int:
    """The nightly work of the archive."""
    from siteloop.entry import archive

    return archive.run(args)


def conformance(args: argparse.Namespace) -> int:
    """Case by case against a device (--listen) or a platform (--connect); 1 when a case failed, 2 when nothing could be tested."""
    from siteloop.entry import conforming

    return conforming.run(args)


def simulate(args: argparse.Namespace) -> int:
    """The demo's devices, in this process."""
    sys.path.insert(0, str(rooms.SOURCE.parents[1]))
    import importlib

    return int(importlib.import_module("simulators.county").main() or 0)


def prepare_assets(args: argparse.Namespace) -> int:
    """After the browser libraries were installed."""
    from siteloop.framework import assets

    assets.prepare()
    return 0


def backup(args: argparse.Namespace) -> int:
    """Prints one JSON line: where, when, how many rows."""
    from siteloop.entry.backups import making

    made = making.backup(args.folder.resolve(), _passphrase())
    print(json.dumps({"folder": str(args.folder), "made_at": made.made_at, "rows": made.rows}))
    return 0


def restore(args: argparse.Namespace) -> int:
    """Prints one JSON line; afterwards `siteloop up` runs on the data."""
    from siteloop.entry.backups import making

    found = making.restore(args.folder.resolve(), _passphrase())
    data = environment.read().data
    print(json.dumps({"data": str(data), "made_at": found.made_at, "rows": found.rows}))
    return 0


def _passphrase() -> str:
    """Of the sealed keys: from the environment, or asked on a terminal."""
    given = os.environ.get("SITELOOP_BACKUP_PASSPHRASE", "")
    if not given and sys.stdin.isatty():
        given = getpass.getpass("备份口令 / passphrase: ")
    if not given:
        raise Trouble("请设置 SITELOOP_BACKUP_PASSPHRASE", "set SITELOOP_BACKUP_PASSPHRASE")
    return given


def doctor(args: argparse.Namespace) -> int:
    """One line a check; 1 when something is wrong."""
    from siteloop.entry import doctor as examination

    return examination.examine()


if __name__ == "__main__":
    sys.exit(main())
