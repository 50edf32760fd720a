"""A back-test in a process of its own, at low priority: it can be called off, it ends in time, and the worker's clocks go on.

`python -m siteloop.entry.backtest_aside` reads one question as JSON from its input; each line it writes is one JSON value:
`{"progress": 0.4}`, at the end `{"result": …}` or `{"error": "…"}`.
"""

import datetime as dt
import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg

from siteloop.entry.backtesting import back_test_rule
from siteloop.gateway.judging.backtest import BackTest, Hit
from siteloop.gateway.judging.backtest_reach import NoSuchRule, Place
from siteloop.kernel.times import DAY, OFFSET, to_us

LIMIT_S = 1200.0
ASK_S = 1.0  # so often it is asked whether to go on
MOST_PLACES, MOST_HITS = 300, 30
NICE = 10


class Asked(msgspec.Struct):
    """What goes to the other process."""

    code: str
    start: dt.datetime
    end: dt.datetime
    place: Place
    changes: dict[str, float | int | str | bool]


def run(question: Any, progress: Any, limit_s: float = LIMIT_S) -> dict[str, Any]:
    """What `foundation.packs.back_tests.RUNNERS` calls. Raises Failed; whatever `progress` raises ends the other process."""
    from siteloop.foundation.packs.back_tests import Failed

    place = Place(question.region, question.project)
    asked = Asked(question.code, question.start, question.end, place, question.changes)
    command = [sys.executable, "-m", "siteloop.entry.backtest_aside"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    assert child.stdin is not None
    share = 0.0
    try:
        child.stdin.write(msgspec.json.encode(asked))
        child.stdin.close()
        for line in _lines(child, time.monotonic() + limit_s):
            if line is not None and "result" in line:
                return dict(line["result"])
            if line is not None and "error" in line:
                raise Failed(line["error"])
            share = line["progress"] if line is not None else share
            progress(share)
        if child.poll() is None:
            raise Failed(f"超过 {limit_s / 60:g} 分钟仍未完成，请缩短时段")
        raise Failed("运行中断，未得到结果")
    finally:
        child.kill()
        child.wait()


def _lines(child: "subprocess.Popen[bytes]", until: float) -> Iterator[dict[str, Any] | None]:
    """What the process says; None about once a second while it says nothing. Ends with it, or at `until`."""
    assert child.stdout is not None
    waiting = b""
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while time.monotonic() < until:
            if not ready.select(ASK_S):
                yield None
                continue
            piece = os.read(child.stdout.fileno(), 1 << 16)
            if not piece:
                child.wait()
                return
            *whole, waiting = (waiting + piece).split(b"\n")
            yield from (json.loads(line) for line in whole)


def summary(found: BackTest) -> dict[str, Any]:
    """What is kept: counts, days, places, and some episodes of each difference."""
    days = {"today": _by_day(found.today), "candidate": _by_day(found.candidate)}
    last = (found.end - 1 + OFFSET) // DAY
    return {
        "devices": found.devices,
        "left_out": found.left_out,
        "rows": found.rows,
        "readings": found.readings,
        "seconds": round(found.seconds, 2),
        "readings_per_second": found.readings_per_second,
        "today": len(found.today),
        "candidate": len(found.candidate),
        "both": found.both,
        "only_today": len(found.only_today),
        "only_candidate": len(found.only_candidate),
        "commands_today": found.commands_today,
        "commands_candidate": found.commands_candidate,
        "recorded": found.recorded,
        "days": [
            [_date(day), days["today"][day], days["candidate"][day]]
            for day in range((found.start + OFFSET) // DAY, last + 1)
        ],
        "places": [msgspec.to_builtins(p) for p in found.places[:MOST_PLACES]],
        "new": [msgspec.to_builtins(h) for h in found.only_candidate[:MOST_HITS]],
        "gone": [msgspec.to_builtins(h) for h in found.only_today[:MOST_HITS]],
    }


def _by_day(hits: list[Hit]) -> Counter[int]:
    return Counter((h.since + OFFSET) // DAY for h in hits)


def _date(day: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()


def _say(**what: Any) -> None:
    print(json.dumps(what, ensure_ascii=False), flush=True)


def main() -> int:
    """The other process."""
    os.nice(NICE)
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    told = 0.0

    def progress(share: float) -> None:
        nonlocal told
        if share - told >= 0.005:
            told = share
            _say(progress=round(share, 4))

    try:
        found = back_test_rule(
            asked.code,
            asked.start,
            asked.end,
            changes=asked.changes,
            place=asked.place,
            progress=progress,
        )
    except (NoSuchRule, ValueError) as wrong:
        _say(error=str(wrong))
    except psycopg.OperationalError:
        _say(error="数据库暂时不可用，请稍后重新发起")
    except OSError as missing:
        _say(error=f"归档文件无法读取：{missing}")
    else:
        _say(result=summary(found) | {"end": to_us(asked.end)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
