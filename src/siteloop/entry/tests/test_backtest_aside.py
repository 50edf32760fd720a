"""A back-test in a process of its own over stored rows: the result, progress, calling off, trouble in words, the time limit."""

import datetime as dt
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psycopg
import pytest

from siteloop.entry import backtest_aside
from siteloop.foundation.packs.back_tests import Cancelled, Failed, Question
from siteloop.gateway.tests.listening import within
from siteloop.gateway.tests.planes import NORMAL_ROW, Plane, block_of
from siteloop.kernel import block as blocks
from siteloop.kernel import registry as registries
from siteloop.kernel.block import Columns
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import DAY, MINUTE, OFFSET, from_us

START = (20_700 * DAY) - OFFSET  # a midnight of Shanghai
RULE = RuleEntry(
    "dust.pm10_high",
    "threshold",
    "",
    1,
    {"field": "pm10", "on": 150, "off": 130},
    "yellow",
    title="PM10 超限",
)
DEVICE = DeviceEntry(1, "D1", "dust", 11, "330482", project=7, interval_s=60)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Plane:
    """Two days of rows: an hour over 120 on the second."""
    made = Plane(tmp_path_factory.mktemp("aside"))
    with psycopg.connect(made.dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO fast.registry (id, version, body) VALUES (1, 1, %s)",
            [registries.encode(Registry(1, (DEVICE,), (RULE,)))],
        )

    async def store() -> None:
        async with await made.connect() as connection:
            for hour in range(48):
                high = 140.0 if hour == 30 else 80.0
                rows = [
                    (1, START + (hour * 60 + m) * MINUTE, [NORMAL_ROW[0], high, *NORMAL_ROW[2:]])
                    for m in range(60)
                ]
                block = block_of(rows)
                seen = blocks.columns(block)
                columns = Columns(
                    seen.device, seen.at, seen.at + 500_000, seen.values, seen.quality, np.zeros(60, np.uint8)
                )
                await made.store(connection, blocks.pack(listener="hj212", profile="dust", columns=columns))

    within(60, store)
    return made


@pytest.fixture(autouse=True)
def here(plane: Plane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The other process finds the database as the worker's would: by the environment."""
    parts = psycopg.conninfo.conninfo_to_dict(plane.dsn)
    parts.pop("options", None)
    monkeypatch.setenv("SITELOOP_DATABASE_URL", psycopg.conninfo.make_conninfo(**parts))
    monkeypatch.setenv("SITELOOP_DATA", str(tmp_path))


def _question(**other: Any) -> Question:
    asked = {
        "code": "dust.pm10_high",
        "start": from_us(START),
        "end": from_us(START + 2 * DAY),
        "region": "330482",
        "changes": {"on": 120, "off": 100},
    }
    return Question(**(asked | other))


@pytest.mark.requirement("DUST-26")
def test_the_result_holds_days_places_and_examples() -> None:
    shares: list[float] = []
    found = backtest_aside.run(_question(), shares.append)
    assert (found["today"], found["candidate"], found["only_candidate"], found["only_today"]) == (0, 1, 1, 0)
    assert (found["devices"], found["rows"], found["readings"]) == (1, 2880, 25_920)
    assert [d[1:] for d in found["days"]] == [[0, 0], [0, 1]]
    assert found["days"][0][0] == (dt.date(1970, 1, 1) + dt.timedelta(days=20_700)).isoformat()
    (hit,) = found["new"]
    assert (hit["device"], hit["value"]) == (1, 140.0)
    (place,) = found["places"]
    assert (place["code"], place["today"], place["candidate"]) == ("D1", 0, 1)
    assert shares == sorted(shares) and shares[-1] <= 1.0


@pytest.mark.requirement("DUST-26")
def test_a_projects_question_is_answered_for_its_devices() -> None:
    found = backtest_aside.run(_question(project=7), lambda share: None)
    assert (found["devices"], found["candidate"], found["left_out"]) == (1, 1, 0)
    with pytest.raises(Failed, match="没有符合条件的设备"):
        backtest_aside.run(_question(project=8), lambda share: None)


def test_calling_off_ends_the_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start(*args: Any, **more: Any) -> Any:
        started.append(real([sys.executable, "-c", "import time; time.sleep(60)"], **more))
        return started[0]

    monkeypatch.setattr(backtest_aside.subprocess, "Popen", start)
    monkeypatch.setattr(backtest_aside, "ASK_S", 0.01)

    def progress(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        backtest_aside.run(_question(), progress)
    assert started[0].poll() is not None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"code": "no.such"}, "没有规则 no.such"),
        ({"region": "110105"}, "没有符合条件的设备"),
        ({"changes": {"colour": 5}}, "没有参数 colour"),
        ({"end": from_us(START)}, "结束时间应晚于开始时间"),
    ],
)
def test_what_cannot_be_tested_is_told_in_words(other: dict[str, Any], words: str) -> None:
    with pytest.raises(Failed, match=words):
        backtest_aside.run(_question(**other), lambda share: None)


def test_a_process_that_takes_too_long_or_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failed, match="请缩短时段"):
        backtest_aside.run(_question(), lambda share: None, limit_s=0)
    real = subprocess.Popen
    dies = [sys.executable, "-c", "import sys; sys.exit(3)"]
    monkeypatch.setattr(backtest_aside.subprocess, "Popen", lambda *a, **more: real(dies, **more))
    with pytest.raises(Failed, match="运行中断"):
        backtest_aside.run(_question(), lambda share: None)


def test_without_a_database_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITELOOP_DATABASE_URL", "postgresql://postgres@127.0.0.1:9/none")
    with pytest.raises(Failed, match="数据库暂时不可用"):
        backtest_aside.run(_question(), lambda share: None)


def test_lines_cut_anywhere_are_put_together() -> None:
    class Says:
        def __init__(self, pieces: list[bytes]) -> None:
            import os

            self.end, inlet = os.pipe()
            for piece in pieces:
                os.write(inlet, piece)
            os.close(inlet)
            self.stdout = SimpleNamespace(fileno=lambda: self.end)

        def wait(self) -> int:
            return 0

    child: Any = Says([b'{"progress": 0.', b'5}\n{"progress": 1.0}\n'])
    found = list(backtest_aside._lines(child, float("inf")))
    assert found == [{"progress": 0.5}, {"progress": 1.0}]
