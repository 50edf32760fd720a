"""`siteloop conformance`: what it is told, and the two files it writes."""

import argparse
import asyncio
import sys
from pathlib import Path

from siteloop.entry.engines.processes import address
from siteloop.entry.trouble import Trouble
from siteloop.kernel.conformance import PROFILES, TITLES, Report, Verdict, encode


def conformance_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("profile", choices=list(PROFILES))
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--listen", metavar="HOST:PORT", help="be the platform, a device comes to us")
    side.add_argument("--connect", metavar="HOST:PORT", help="be the device, go to a platform")
    parser.add_argument("--code", default="", help="the device's code: MN, terminal number, MQTT user name")
    parser.add_argument("--password", default="", help="PW, authentication code or token")
    parser.add_argument("--sm4-key", default="", help="32 hex digits (HJ 212-2025)")
    parser.add_argument(
        "--device", default="dust", help="kind of readings: dust, sprayer, tower_crane, hoist …"
    )
    parser.add_argument("--map", type=Path, help="register map, TOML (modbus: --connect goes to the sensor)")
    parser.add_argument("--unit", type=int, help="device address (modbus), else the map's")
    parser.add_argument("--patience", type=float, default=90.0, help="seconds to wait for the device itself")
    parser.add_argument("--answer", type=float, default=10.0, help="seconds to wait for an answer")
    parser.add_argument(
        "--quiet", type=float, help="seconds in which what must not come has not come (1.5 times --answer)"
    )
    for name in ("maker", "model", "firmware", "tester"):
        parser.add_argument(f"--{name}", default="", help="for the report")
    parser.add_argument("--out", type=Path, default=Path(), help="folder of report.json and report.html")


def run(args: argparse.Namespace) -> int:
    """0 passed, 1 a case failed, 2 nothing was shown. Raises Trouble."""
    from siteloop.gateway.conformance.asked import Asked
    from siteloop.gateway.conformance.running import BadQuestion
    from siteloop.gateway.conformance.running import run as test

    asked = Asked(
        profile=args.profile,
        address=address(args.listen or args.connect),
        listens=bool(args.listen),
        code=args.code,
        password=args.password,
        sm4_key=args.sm4_key,
        device=args.device,
        registers=_text(args.map) if args.map else "",
        unit=args.unit,
        patience=args.patience,
        answer=args.answer,
        quiet=args.quiet,
        maker=args.maker,
        model=args.model,
        firmware=args.firmware,
        tester=args.tester,
    )
    if args.listen:
        print(f"等待连接 {args.listen} … / waiting", file=sys.stderr)
    try:
        report = asyncio.run(test(asked, say=lambda words: print(words, file=sys.stderr, flush=True)))
    except BadQuestion as wrong:
        raise Trouble(str(wrong), "the run cannot begin") from wrong
    except OSError as wrong:
        where = args.listen or args.connect
        raise Trouble(f"{where} 不可用：{wrong}", f"{where} cannot be used: {wrong}") from wrong
    write(report, args.out)
    counts = "，".join(f"{TITLES[v][0]} {report.count(v)}" for v in Verdict)
    print(f"{TITLES[report.verdict][0]}（{counts}）→ {args.out / 'report.html'}")
    return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.NOT_SHOWN: 2}[report.verdict]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise Trouble(f"寄存器表 {path} 读不出：{wrong}", f"{path} cannot be read") from wrong


def write(report: Report, folder: Path) -> None:
    """Both files."""
    from siteloop.gateway.conformance.page import html

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_bytes(encode(report))
    (folder / "report.html").write_text(html(report), encoding="utf-8")
