"""`siteloop replay` speaks in sentences, and an applied replay is told in the action trail."""

import argparse
import datetime as dt

import pytest

from siteloop.entry import cli, replaying
from siteloop.entry.trouble import Trouble
from siteloop.framework.models import TrailEntry
from siteloop.gateway.raw.replay import Asked, Example, Report, Run
from siteloop.kernel.reasons import TITLES, Reason


def args(*words: str) -> argparse.Namespace:
    return cli._parser().parse_args(["replay", "--from", "2026-11-01", "--to", "2026-11-02", *words])


def test_it_only_looks_unless_told() -> None:
    assert args().apply is False
    assert args("--apply", "--reason", "x").apply is True
    with pytest.raises(SystemExit):
        args("--apply", "--dry-run")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--apply",), "写入须说明理由"),
        (("--profile", "nothing"), "没有“nothing”这类设备"),
        (("--to", "2026-10-01"), "结束时间应晚于开始时间"),
        (("--from", "yesterday"), "看不懂时间"),
    ],
)
def test_bad_input_gets_a_sentence(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(Trouble, match=said):
        replaying.run(args(*words))


def test_a_report_is_read_by_a_person() -> None:
    report = Report(
        frames=9, same=5, changed=2, moved=1, refused={Reason.CRC.value: 1}, fields={"pm25": 2}, lost_chunks=1
    )
    report.examples = [Example("changed", "dust", "MN1", 1_790_000_000_000_000, "pm25", "20", "200")]
    text = "\n".join(replaying.lines(report))
    assert "报文 9 条：一致 5，改值 2，补行 0，改时间 1，现行编解码会拒收 1" in text
    assert f"拒收 {TITLES[Reason.CRC][0]}：1" in text
    assert "1 段原始报文已删除或损坏" in text
    assert "MN1 2026-09-21 22:13:20 pm25 20 → 200" in text


@pytest.mark.django_db
def test_the_trail_says_who_replayed_what_and_why() -> None:
    class Done:
        report = Report(frames=9, changed=2, added=1)
        asked = Asked(dt.datetime(2026, 11, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 2, tzinfo=dt.UTC))

    replaying._trail(Run(7, 0, False), Done(), args("--apply", "--reason", "单位登记错误"), "root", "完成")  # type: ignore[arg-type]
    entry = TrailEntry.objects.unscoped("test").get(action="replay")
    assert (
        entry.sentence
        == "完成第 7 次报文重放（全部设备，2026-11-01 08:00 至 2026-11-02 08:00 接收）：改动 3 行"
    )
    assert (entry.actor_name, entry.reason, entry.changes["changed"]) == ("重放 root", "单位登记错误", 2)
