"""`siteloop replay --from --to`: kept raw frames read again by today's codec. Looks only, unless `--apply` says otherwise."""

import argparse
import getpass
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg

from siteloop.entry import environment, wiring
from siteloop.entry.archive import FOLDER, database_url
from siteloop.entry.backtesting import moment
from siteloop.entry.trouble import Trouble
from siteloop.gateway.history.archive_store import FolderStore
from siteloop.gateway.raw.replay import Asked, Replay, Report, Run
from siteloop.kernel import registry as registries
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.reasons import TITLES, Reason
from siteloop.kernel.times import SHANGHAI, from_us

REASONS = {
    "unknown_device": "设备已不在登记中",
    "other_profile": "设备类型已变",
    "no_index": "早期存档没有索引，不能重放",
}


def run(args: argparse.Namespace) -> int:
    """Look or apply; trouble goes up as one sentence. 130 when interrupted, with what was done so far."""
    start, end = moment(args.start), moment(args.end, is_end=True)
    if start >= end:
        raise Trouble("结束时间应晚于开始时间", "the end must come after the start")
    if args.profile and args.profile not in PROFILES:
        raise Trouble(f"没有“{args.profile}”这类设备；可选 {'、'.join(PROFILES)}", "no such profile")
    if args.apply and not args.reason.strip():
        raise Trouble("写入须说明理由（--reason）", "give a reason with --apply")
    env = environment.read()
    url = database_url()
    try:
        with psycopg.connect(wiring.as_role(url, "siteloop_fast"), autocommit=True) as connection:
            asked = Asked(start, end, args.profile, _device(connection, args.device))
            replay = Replay(connection, env.data / "raw", FolderStore(env.data / FOLDER), asked)
            return _apply(replay, url, args) if args.apply else _look(replay, args)
    except psycopg.OperationalError as away:
        raise Trouble(
            "数据库未连接，请先运行 siteloop up 或设置 SITELOOP_DATABASE_URL", "no database"
        ) from away
    except OSError as missing:
        raise Trouble(f"文件无法读取：{missing}", "a file cannot be read") from missing


def _device(connection: psycopg.Connection[Any], code: str) -> int:
    """Number of a device by its code, 0 for none given. Raises Trouble."""
    if not code:
        return 0
    row = connection.execute("SELECT body FROM fast.registry").fetchone()
    known = registries.decode(bytes(row[0])).devices if row else ()
    found = next((d.number for d in known if d.code == code), None)
    if found is None:
        raise Trouble(f"没有编码为 {code} 的在用设备", "no such device in use")
    return found


def _look(replay: Replay, args: argparse.Namespace) -> int:
    try:
        replay.compare(_progress())
    except KeyboardInterrupt:
        _print(replay.report, args.json, "已中断，以下为已比对部分")
        return 130
    _print(replay.report, args.json, "只比对，未写入（写入请加 --apply --reason）")
    return 0


def _apply(replay: Replay, url: str, args: argparse.Namespace) -> int:
    os.environ["SITELOOP_DATABASE_URL"] = wiring.as_role(url, "siteloop_web")
    from siteloop.entry.migrating import django_ready

    django_ready()
    who = getpass.getuser()
    made = replay.begin(who, args.reason.strip())
    _trail(made, replay, args, who, "继续" if made.was_begun else "开始")
    if made.was_begun:
        print(f"接着第 {made.id} 次重放未完成的部分", file=sys.stderr)
    try:
        replay.apply(made, _progress())
    except KeyboardInterrupt:
        _trail(made, replay, args, who, "中断")
        _print(replay.report, args.json, "已中断；已写入的保留，用同样的参数再次运行即从中断处继续")
        return 130
    _trail(made, replay, args, who, "完成")
    _print(replay.report, args.json, f"第 {made.id} 次重放已写入")
    return 0


def _trail(made: Run, replay: Replay, args: argparse.Namespace, who: str, what: str) -> None:
    """Who replayed what and what it changed; the rows themselves are in telemetry.replayed_row."""
    from django.db import transaction

    from siteloop.framework.trail import record
    from siteloop.framework.viewer import system_viewer

    found = replay.report
    asked = replay.asked
    span = f"{asked.start.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 至 {asked.end.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    whose = args.device or args.profile or "全部设备"
    sentence = f"{what}第 {made.id} 次报文重放（{whose}，{span} 接收）：改动 {found.differing} 行"
    counts = {
        name: getattr(found, name) for name in ("frames", "changed", "added", "moved", "doubtful", "missing")
    }
    with transaction.atomic():
        record(system_viewer(f"重放 {who}"), "replay", None, sentence, changes=counts, reason=args.reason)


def _progress() -> Callable[[int, int], None]:
    """One line a few seconds on the terminal; nothing to a pipe but the end."""
    told = [time.monotonic()]

    def tell(done: int, total: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and (now - told[0] > 1 or done == total):
            told[0] = now
            print(f"\r{done:,}/{total:,} 段（{done / total:.0%}）", end="", file=sys.stderr)
            if done == total:
                print(file=sys.stderr)

    return tell


def _print(report: Report, as_json: bool, end: str) -> None:
    if as_json:
        body = msgspec.to_builtins(report) | {"differing": report.differing}
        print(json.dumps(body, ensure_ascii=False))
        print(end, file=sys.stderr)
        return
    print("\n".join([*lines(report), "", end]))


def lines(report: Report) -> list[str]:
    """What a person reads."""
    refused = sum(report.refused.values())
    found = [
        f"报文 {report.frames:,} 条：一致 {report.same:,}，改值 {report.changed:,}，"
        f"补行 {report.added:,}，改时间 {report.moved:,}，现行编解码会拒收 {refused:,}"
    ]
    if report.doubtful or report.missing:
        found.append(f"存疑 {report.doubtful:,} 个值、报文中已不见 {report.missing:,} 个值：保持原样")
    if report.lost_chunks:
        found.append(f"{report.lost_chunks:,} 段原始报文已删除或损坏")
    found += [f"  拒收 {_reason(code)}：{n:,}" for code, n in sorted(report.refused.items())]
    found += [f"  {name}：{n:,} 个值" for name, n in sorted(report.fields.items(), key=lambda p: -p[1])]
    if report.examples:
        found += ["", "例："]
    for e in report.examples:
        when = f"{from_us(e.at).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        what = {
            "changed": f"{e.field} {e.stored} → {e.today}",
            "added": "补行",
            "moved": f"改时间 → {e.today}",
        }
        found.append(f"  {e.code} {when} {what[e.act]}")
    return found


def _reason(code: str) -> str:
    return REASONS.get(code) or (TITLES[Reason(code)][0] if code in set(Reason) else code)
