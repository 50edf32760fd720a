"""The back-test command: what it understands, and what a person reads."""

import datetime as dt
import json

import pytest

from siteloop.entry import backtesting, cli
from siteloop.entry.trouble import Trouble
from siteloop.gateway.judging.backtest import BackTest, Hit, Share
from siteloop.gateway.judging.backtest_reach import NoSuchRule, Place
from siteloop.kernel.times import HOUR, SHANGHAI

START = 1_790_000_040_000_000


def _hit(device: int, since: int, until: int | None) -> Hit:
    return Hit(
        f"device:{device}",
        4,
        "330482",
        device,
        since,
        until,
        92.5,
        75,
        "µg/m³",
        "PM2.5 92.5 µg/m³，超过限值",
        7,
    )


def _found(**more: object) -> BackTest:
    old, new = _hit(1, START, START + HOUR), _hit(2, START, None)
    given: dict[str, object] = {
        "rule": "dust.pm25_high",
        "title": "PM2.5 超限",
        "detector": "threshold",
        "start": START,
        "end": START + 2 * HOUR,
        "region": "",
        "changes": {"on": 60},
        "devices": 2,
        "rows": 1000,
        "readings": 9000,
        "seconds": 0.5,
        "today": [old],
        "candidate": [old, new],
        "only_today": [],
        "only_candidate": [new],
        "both": 1,
        "commands_today": 0,
        "commands_candidate": 0,
        "recorded": 1,
        "places": [Share(4, "330482", 1, "MN1", "东门", 1, 1), Share(4, "330482", 2, "MN2", "西门", 0, 1)],
    }
    return BackTest(**{**given, **more})  # type: ignore[arg-type]


def test_times_are_shanghais_and_a_bare_end_counts_whole() -> None:
    assert backtesting.moment("2026-11-01") == dt.datetime(2026, 11, 1, tzinfo=SHANGHAI)
    assert backtesting.moment("2026-11-01", is_end=True) == dt.datetime(2026, 11, 2, tzinfo=SHANGHAI)
    assert backtesting.moment("2026-11-01T08:30", is_end=True) == dt.datetime(
        2026, 11, 1, 8, 30, tzinfo=SHANGHAI
    )
    with pytest.raises(Trouble, match="看不懂时间"):
        backtesting.moment("yesterday")


def test_numbers_are_numbers_and_nonsense_is_told() -> None:
    assert backtesting.changes(["on=80", "ratio=0.5", "side=low"]) == {"on": 80, "ratio": 0.5, "side": "low"}
    for wrong in ("on", "=5"):
        with pytest.raises(Trouble, match="参数=数值"):
            backtesting.changes([wrong])


@pytest.mark.requirement("DUST-26")
def test_the_table_says_how_many_where_and_what_is_different() -> None:
    text = "\n".join(backtesting.table(_found(), 20))
    assert "现行规则 1 次，期间实际记录 1 次" in text
    assert "改为 on=60：2 次；两者都有 1 次，新增 1 次，减少 0 次" in text
    assert "18,000 个/秒" in text
    new = text[text.index("新增：") :]
    assert "MN2" in new and "2小时+" in new and "92.5 µg/m³" in new  # + = still open at the end
    assert "MN1" not in new


def test_nothing_found_says_so() -> None:
    empty = _found(today=[], candidate=[], only_candidate=[], both=0, places=[], changes={})
    assert "期间无预警" in "\n".join(backtesting.table(empty, 20))


def test_the_command_prints_json_and_one_sentence_of_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, object] = {}

    def answer(code: str, start: dt.datetime, end: dt.datetime, **more: object) -> BackTest:
        asked.update(code=code, days=(end - start).days, **more)
        if code == "nothing":
            raise NoSuchRule("没有规则 nothing；现有规则：dust.pm25_high")
        return _found()

    monkeypatch.setattr(backtesting, "back_test_rule", answer)
    line = ["backtest", "dust.pm25_high", "--from", "2026-11-01", "--to", "2026-11-20"]
    assert cli.main([*line, "--set", "on=60", "--json"]) == 0
    assert asked == {"code": "dust.pm25_high", "days": 20, "changes": {"on": 60}, "place": Place()}
    told = json.loads(capsys.readouterr().out)
    assert (told["both"], told["readings_per_second"], told["only_candidate"][0]["device"]) == (1, 18_000, 2)
    assert cli.main(["backtest", "nothing", "--from", "2026-11-01", "--to", "2026-11-20"]) == 2
    assert "没有规则 nothing" in capsys.readouterr().err


def test_a_project_is_named_by_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Place] = []

    class Database:
        def __enter__(self) -> "Database":
            return self

        def __exit__(self, *gone: object) -> None:
            pass

        def execute(self, question: str, given: list[str]) -> "Database":
            self.found = (7, "330482001") if given == ["XM-7"] else None
            return self

        def fetchone(self) -> tuple[int, str] | None:
            return self.found

    def answer(code: str, start: dt.datetime, end: dt.datetime, *, place: Place, **more: object) -> BackTest:
        asked.append(place)
        return _found(left_out=3)

    monkeypatch.setattr(backtesting, "back_test_rule", answer)
    monkeypatch.setattr(backtesting, "_database", lambda env, role: role)
    monkeypatch.setattr(backtesting.psycopg, "connect", lambda dsn: Database())
    line = ["backtest", "dust.pm25_high", "--from", "2026-11-01", "--to", "2026-11-20"]
    assert cli.main([*line, "--project", "XM-7"]) == 0
    assert asked == [Place("330482001", 7)]
    assert "3 台未计入" in capsys.readouterr().out
    assert cli.main([*line, "--project", "no"]) == 2
    assert "没有编码为 no 的项目" in capsys.readouterr().err


def test_every_shipped_rule_has_a_detector_to_test_it_with() -> None:
    """A rule that lives inside a linkage is tested through it."""
    import tomllib

    from siteloop.entry import rooms
    from siteloop.entry.detectors import detectors
    from siteloop.gateway.judging.backtest import _judges

    known = {name for kind in detectors() for name in _judges(kind)}
    packs = rooms.SOURCE.parents[1] / "packs"
    shipped = {
        rule["detector"]
        for path in packs.glob("**/*.toml")
        for rule in tomllib.loads(path.read_text()).get("rule", ())
    }
    assert shipped
    assert shipped <= known
