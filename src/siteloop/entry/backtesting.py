"""`siteloop backtest RULE --from --to`: the rule over stored history, as a table or as JSON."""

import argparse
import datetime as dt
import json
import unicodedata
from collections.abc import Callable

import msgspec
import psycopg

from siteloop.entry import environment, wiring
from siteloop.entry.detectors import detectors
from siteloop.entry.trouble import Trouble
from siteloop.gateway.history.archive_store import FolderStore
from siteloop.gateway.judging.backtest import NATION, BackTest, Hit, back_test, span_seconds
from siteloop.gateway.judging.backtest_reach import NoSuchRule, Place, Value
from siteloop.kernel.times import SHANGHAI, to_us
from siteloop.rules import words


def run(args: argparse.Namespace) -> int:
    """Test, print; trouble goes up as one sentence."""
    start, end = moment(args.start), moment(args.end, is_end=True)
    try:
        found = back_test_rule(args.rule, start, end, changes=changes(args.set), place=_place(args))
    except (NoSuchRule, ValueError) as wrong:
        raise Trouble(str(wrong), "the back-test cannot be made as asked") from wrong
    except psycopg.OperationalError as away:
        raise Trouble(
            "数据库未连接，请先运行 siteloop up 或设置 SITELOOP_DATABASE_URL", "no database"
        ) from away
    except OSError as missing:
        raise Trouble(f"归档文件无法读取：{missing}", "a file of the archive cannot be read") from missing
    if args.json:
        body = msgspec.to_builtins(found) | {"readings_per_second": found.readings_per_second}
        print(json.dumps(body, ensure_ascii=False))
    else:
        print("\n".join(table(found, args.most)))
    return 0


def back_test_rule(
    code: str,
    start: dt.datetime,
    end: dt.datetime,
    *,
    changes: dict[str, Value] | None = None,
    place: Place = NATION,
    progress: Callable[[float], None] | None = None,
) -> BackTest:
    """The back-test on the running program's database, or the one the environment names."""
    env = environment.read()
    return back_test(
        _database(env, "siteloop_fast"),
        detectors(),
        code,
        to_us(start),
        to_us(end),
        changes=changes,
        place=place,
        progress=progress,
        store=FolderStore(env.data / "archive"),
    )


def _database(env: environment.Environment, role: str) -> str:
    url = env.database_url or wiring.state(env.data).get("database_url", "")
    if not url:
        raise psycopg.OperationalError("no database is named and none is running here")
    return wiring.as_role(str(url), role)


def _place(args: argparse.Namespace) -> Place:
    """The project is named by its code, as people know it. Raises Trouble for one there is not."""
    if not args.project:
        return Place(args.region, device=args.device)
    with psycopg.connect(_database(environment.read(), "siteloop_web")) as connection:
        known = connection.execute(
            "SELECT id, region_code FROM registry_project WHERE code = %s", [args.project]
        ).fetchone()
    if known is None:
        raise Trouble(f"没有编码为 {args.project} 的项目", "no project has this code")
    return Place(known[1], known[0], args.device)


def moment(text: str, is_end: bool = False) -> dt.datetime:
    """A date or a time of Shanghai; the end of a bare date is the next midnight. Raises Trouble."""
    try:
        made = dt.datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Trouble(f"看不懂时间“{text}”，请写 2026-11-01 或 2026-11-01T08:00", "not a time") from wrong
    if made.tzinfo is None:
        made = made.replace(tzinfo=SHANGHAI)
    return made + dt.timedelta(days=1) if is_end and len(text) == 10 else made


def changes(pairs: list[str]) -> dict[str, Value]:
    """NAME=VALUE as numbers where they are. Raises Trouble."""
    found: dict[str, Value] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Trouble(f"“{pair}”应写作 参数=数值", "write NAME=VALUE")
        try:
            number = float(value)
        except ValueError:
            found[name] = value
            continue
        found[name] = int(number) if number.is_integer() else number
    return found


def table(found: BackTest, most: int) -> list[str]:
    """What a person reads."""
    when = f"{words.clock(found.start)} 至 {words.clock(found.end)}"
    lines = [
        f"规则 {found.rule} {found.title}（{found.detector}），{when}",
        f"设备 {found.devices} 台，读数 {found.readings:,} 个，用时 {found.seconds:.1f} 秒"
        f"（{found.readings_per_second:,} 个/秒）",
        f"现行规则 {len(found.today)} 次，期间实际记录 {found.recorded} 次",
    ]
    if found.left_out:
        lines.append(f"另有规定、不受所试数值影响的设备 {found.left_out} 台未计入")
    if found.commands_today or found.commands_candidate:
        lines.append(f"下发指令：现行 {found.commands_today} 条，改后 {found.commands_candidate} 条")
    if found.changes:
        tried = "，".join(f"{k}={v}" for k, v in found.changes.items())
        lines += [
            f"改为 {tried}：{len(found.candidate)} 次；两者都有 {found.both} 次，"
            f"新增 {len(found.only_candidate)} 次，减少 {len(found.only_today)} 次"
        ]
    lines += ["", *_rows(["工地", "设备", "名称", "现行", "改后"], _places(found, most))]
    for title, hits in (("新增", found.only_candidate), ("减少", found.only_today)):
        if hits:
            lines += [
                "",
                f"{title}：",
                *_rows(["开始", "时长", "设备", "值", "说明"], _hits(found, hits, most)),
            ]
    if not found.changes and found.today:
        lines += ["", *_rows(["开始", "时长", "设备", "值", "说明"], _hits(found, found.today, most))]
    return lines


def _places(found: BackTest, most: int) -> list[list[str]]:
    return [
        [str(p.site), p.code or str(p.device), p.title, str(p.today), str(p.candidate)]
        for p in found.places[:most]
    ] or [["—", "—", "期间无预警", "0", "0"]]


def _hits(found: BackTest, hits: list[Hit], most: int) -> list[list[str]]:
    codes = {p.device: p.code for p in found.places}
    return [
        [
            words.moment(h.since),
            words.span(span_seconds(h, found.end) * 1_000_000) + ("" if h.until else "+"),
            codes.get(h.device) or h.subject,
            "" if h.value is None else f"{h.value:g} {h.unit}".strip(),
            h.message,
        ]
        for h in hits[:most]
    ]


def _rows(head: list[str], rows: list[list[str]]) -> list[str]:
    """Columns as wide as their widest cell; Chinese characters take two places."""
    widths = [max(_width(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return [
        "  ".join(cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)).rstrip()
        for row in [head, *rows]
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
