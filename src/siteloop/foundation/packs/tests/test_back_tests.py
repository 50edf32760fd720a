"""Back-tests asked for: queued, one a region, run, called off, failed in words, buried when their process is gone."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from siteloop.foundation.packs import back_tests, resolve
from siteloop.foundation.packs.back_tests import Failed
from siteloop.foundation.packs.models import BackTestRun
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions.models import Region
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer

pytestmark = pytest.mark.django_db
PINGHU = Viewer(2, "平湖市管理员", frozenset({"packs.*"}), regions=("330482",))
XIUZHOU = Viewer(3, "秀洲区管理员", frozenset({"packs.*"}), regions=("330411",))
WHY = "test"
CODE = "dust.pm10_high"


@pytest.fixture(autouse=True)
def shipped(db):
    shipped_packs()
    for code, name, level in (
        ("33", "浙江省", 1),
        ("3304", "嘉兴市", 2),
        ("330411", "秀洲区", 3),
        ("330482", "平湖市", 3),
        ("330482001", "当湖街道", 4),
    ):
        Region.objects.create(code=code, name=name, level=level)


def _ask(viewer=PINGHU, region="330482", days=3, code=CODE, params='{"on": 120, "off": 100}', **more):
    today = timezone.localdate()
    data = {
        "start": today - dt.timedelta(days=days - 1),
        "end": today,
        "region_code": region,
        "params": params,
    }
    perform(back_tests.back_test, viewer, resolve.rules(region)[code], data | more)
    return BackTestRun.objects.unscoped(WHY).order_by("-pk")[0]


def _again(run):
    return BackTestRun.objects.unscoped(WHY).get(pk=run.pk)


@pytest.fixture
def runner(monkeypatch):
    asked = []

    def run(question, progress):
        asked.append(question)
        progress(0.4)
        return {"today": 1, "candidate": 3}

    monkeypatch.setattr(back_tests, "RUNNERS", [run])
    return asked


@pytest.mark.requirement("DUST-26")
def test_it_waits_is_run_and_kept(runner, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        run = _ask(days=3)
    assert run.state == "queued"
    assert ProcrastinateJob.objects.filter(task_name="packs.back_tests").count() == 1
    assert back_tests.work_off() == 1
    run = _again(run)
    assert (run.state, run.progress, run.result) == ("done", 1.0, {"today": 1, "candidate": 3})
    assert run.started_at and run.ended_at
    (question,) = runner
    assert (question.code, question.region, question.changes) == (CODE, "330482", {"on": 120, "off": 100})
    assert question.start.astimezone(timezone.get_current_timezone()).time() == dt.time()
    assert (
        timezone.localdate() - question.start.astimezone(timezone.get_current_timezone()).date()
    ).days == 2
    assert question.end <= timezone.now()


def test_numbers_that_are_as_they_are_are_no_change(runner):
    assert _ask(params='{"on": 150}').changes == {}


def test_one_at_a_time_in_a_region_and_another_region_waits_its_turn(runner):
    first = _ask()
    with pytest.raises(Refused, match="请等它结束或先取消"):
        _ask()
    second = _ask(XIUZHOU, "330411")
    assert back_tests.work_off() == 2
    assert [_again(r).state for r in (first, second)] == ["done", "done"]
    assert _ask().state == "queued"  # the region is free again


def test_while_another_process_is_at_it_nothing_is_started(runner):
    _ask()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [back_tests._LOCK])
        assert back_tests.work_off() == 0
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [back_tests._LOCK])
    finally:
        other.close()
    assert back_tests.work_off() == 1


def test_a_test_that_is_called_off_stops_at_its_next_step(monkeypatch):
    run = _ask()
    went_on = []

    def slow(question, progress):
        progress(0.1)
        perform(back_tests.cancel_back_test, PINGHU, _again(run))
        progress(0.2)
        went_on.append(True)
        return {}

    monkeypatch.setattr(back_tests, "RUNNERS", [slow])
    assert back_tests.work_off() == 1
    assert not went_on
    assert (_again(run).state, _again(run).result) == ("cancelled", None)
    with pytest.raises(Refused):
        perform(back_tests.cancel_back_test, PINGHU, _again(run))


def test_called_off_while_it_waits_it_never_runs(runner):
    perform(back_tests.cancel_back_test, PINGHU, _ask())
    assert back_tests.work_off() == 0
    assert not runner


def test_trouble_is_told_in_the_runs_own_words(monkeypatch):
    def broken(question, progress):
        raise Failed("没有符合条件的设备")

    monkeypatch.setattr(back_tests, "RUNNERS", [broken])
    run = _ask()
    back_tests.work_off()
    assert (_again(run).state, _again(run).error) == ("failed", "没有符合条件的设备")


def test_a_run_whose_process_is_gone_is_buried_and_told(runner):
    run = _ask()
    long_ago = timezone.now() - dt.timedelta(seconds=back_tests.SILENT_S + 5)
    BackTestRun.objects.unscoped(WHY).filter(pk=run.pk).update(state="running", beat_at=long_ago)
    assert back_tests.work_off() == 0
    assert _again(run).state == "failed"
    assert "服务中断" in _again(run).error


def test_a_fault_of_the_runner_leaves_the_door_open(monkeypatch, runner):
    def faulty(question, progress):
        raise KeyError("places")

    good = back_tests.RUNNERS
    monkeypatch.setattr(back_tests, "RUNNERS", [faulty])
    run = _ask()
    with pytest.raises(KeyError):  # into the log of the worker
        back_tests.work_off()
    assert (_again(run).state, _again(run).error) == ("failed", "出现意外错误，已记入后台日志")
    monkeypatch.setattr(back_tests, "RUNNERS", good)
    _ask(XIUZHOU, "330411")
    assert back_tests.work_off() == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"days": 93}, "最多测试 92 日"),
        ({"start": "2100-01-01", "end": "2100-01-02"}, "不能晚于今天"),
        ({"start": "2026-02-30"}, "不是有效日期"),
        ({"end": "2020-01-01"}, "不能早于开始日期"),
        ({"params": '{"on": "hoch"}'}, "类型不符"),
        ({"params": '{"off": 200}'}, "恢复值"),
        ({"region": "330411"}, "只能修改本辖区"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(asked, words):
    with pytest.raises(Refused) as no, transaction.atomic():
        _ask(**asked)
    assert words in no.value.message + str(no.value.errors)
    assert not BackTestRun.objects.unscoped(WHY).exists()


@pytest.mark.requirement("LVL-07")
def test_only_over_the_own_region_and_with_the_right():
    nobody = Viewer(4, "镇街", frozenset({"packs.*.view"}), regions=("330482",))
    with pytest.raises(Refused) as no:
        _ask(nobody)
    assert no.value.status == 403
    run = _ask(region="330482001")  # a part of the county
    assert BackTestRun.objects.visible_to(PINGHU).filter(pk=run.pk).exists()
    assert not BackTestRun.objects.visible_to(XIUZHOU).filter(pk=run.pk).exists()
    with pytest.raises(Refused) as hidden:
        perform(back_tests.cancel_back_test, XIUZHOU, run)
    assert hidden.value.status == 404
