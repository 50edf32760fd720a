"""Back-tests asked for on a page: one at a time a region or project, worked off by the worker, cancelled by hand, kept with what came of them.

The fast plane does the counting; the room that knows both planes lends it through `RUNNERS`.
"""

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from siteloop.foundation.packs import actions, places
from siteloop.foundation.packs.actions import may_write
from siteloop.foundation.packs.models import BackTestRun, BackTestState, PackRule
from siteloop.foundation.packs.places import Place
from siteloop.foundation.packs.trials import in_force_at
from siteloop.foundation.packs.typed import consistent, refuse, typed
from siteloop.framework import events
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer

WHY = "the worker works off everybody's back-tests"
PERMISSION = "packs.packrule.back_test"
MOST_DAYS = 92
MOST_WAITING = 20
SILENT_S = 120  # without a sign of life for so long, the process that ran it is gone
ASKED = "back_test_asked"
_LOCK = 5_720_431  # advisory: one at a time in the installation
OPEN = (BackTestState.QUEUED, BackTestState.RUNNING)


class Cancelled(Exception):
    """Somebody called it off."""


class Failed(Exception):
    """It cannot be done; the message is for the person who asked."""


@dataclass(frozen=True)
class Question:
    """What the fast plane is asked: rule `code` over [start, end) as it is, and as if the region or project said `changes`."""

    code: str
    start: dt.datetime
    end: dt.datetime
    region: str
    changes: dict[str, Any]
    project: int = 0  # 0 = the whole region


#: tells how far it is, 0..1; raises Cancelled
Progress = Callable[[float], None]
#: (question, progress) -> result as JSON. Raises Failed.
Runner = Callable[[Question, Progress], dict[str, Any]]
RUNNERS: list[Runner] = []


def _ask(act: Act) -> str:
    row: PackRule = act.obj
    place = places.asked(act)
    may_write(act.viewer, place.region)
    in_force_at(row, place)
    changes = typed(row, act.data["params"]) if act.data.get("params") else {}
    changes = {n: v for n, v in changes.items() if row.params.get(n) != v}
    consistent({**row.params, **changes})
    start, end = _period(act.data["start"], act.data["end"])
    waiting = BackTestRun.objects.unscoped(WHY).filter(state__in=OPEN)
    if waiting.count() >= MOST_WAITING:
        raise Refused("等待中的回溯测试过多，请稍后再试", status=503)
    made = BackTestRun(
        rule=row,
        code=row.code,
        title=row.title,
        region_code=place.region,
        project=place.project,
        changes=changes,
        start=start,
        end=end,
        asked_by=act.viewer.name[:80],
        asked_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as busy:
        here = "本地区" if place.project is None else "本项目"
        raise Refused(f"{here}已有一个回溯测试在排队或运行，请等它结束或先取消") from busy
    events.emit(ASKED)
    return f"回溯测试 {made.pk} 已排队"


def _period(first: dt.date, last: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Whole days of Shanghai; the last one counts whole, today until now."""
    now = timezone.now()
    zone = timezone.get_current_timezone()
    start = dt.datetime.combine(first, dt.time(), zone)
    end = min(dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), zone), now)
    if last < first:
        raise refuse("end", "结束日期不能早于开始日期")
    if start >= now:
        raise refuse("start", "只能测试已有数据的时段，开始日期不能晚于今天")
    if (last - first).days >= MOST_DAYS:
        raise refuse("end", f"一次最多测试 {MOST_DAYS} 日")
    return start, end


def _cancel(act: Act) -> str:
    run: BackTestRun = act.obj
    may_write(act.viewer, places.of(run).region)
    run.state, run.ended_at = BackTestState.CANCELLED, timezone.now()
    run.save(update_fields=["state", "ended_at"])
    return "回溯测试已取消"


def last_asked(code: str, place: Place, viewer: Viewer) -> BackTestRun | None:
    """The newest one of a rule at a place."""
    return BackTestRun.objects.visible_to(viewer).filter(code=code, **place.rows).first()


# ---- the worker's side ----


def work_off() -> int:
    """Run what waits, oldest first, unless another process is at it; returns how many were run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    try:
        _bury()
        done = 0
        while (
            run := BackTestRun.objects.unscoped(WHY).filter(state=BackTestState.QUEUED).order_by("pk").first()
        ):
            _work(run)
            done += 1
        return done
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _bury() -> None:
    """We hold the lock, so what still says it runs and gives no sign of life was left by a process that is gone."""
    before = timezone.now() - dt.timedelta(seconds=SILENT_S)
    BackTestRun.objects.unscoped(WHY).filter(state=BackTestState.RUNNING, beat_at__lt=before).update(
        state=BackTestState.FAILED, error="运行它的服务中断了，请重新发起", ended_at=timezone.now()
    )


def _work(run: BackTestRun) -> None:
    now = timezone.now()
    mine = BackTestRun.objects.unscoped(WHY).filter(pk=run.pk)
    if not mine.filter(state=BackTestState.QUEUED).update(
        state=BackTestState.RUNNING, started_at=now, beat_at=now
    ):
        return  # called off meanwhile

    def progress(share: float) -> None:
        still = mine.filter(state=BackTestState.RUNNING)
        if not still.update(progress=min(1.0, max(0.0, share)), beat_at=timezone.now()):
            raise Cancelled

    place = places.of(run)
    question = Question(run.code, run.start, run.end, place.region, run.changes, place.project_id or 0)
    ended: dict[str, Any] = {"state": BackTestState.FAILED, "error": "出现意外错误，已记入后台日志"}
    try:
        with suppress(Cancelled):  # its row says so already
            ended = {"result": _runner()(question, progress), "state": BackTestState.DONE, "progress": 1.0}
    except Failed as wrong:
        ended["error"] = str(wrong)[:500]
    finally:
        mine.filter(state=BackTestState.RUNNING).update(**ended, ended_at=timezone.now())


def _runner() -> Runner:
    if not RUNNERS:
        raise Failed("此进程不能运行回溯测试")
    return RUNNERS[0]


back_test = Action(
    "back_test",
    "回溯测试",
    "Back-test",
    PackRule,
    _ask,
    fields=(
        Input("start", "开始日期", "From", kind="date", required=True),
        Input("end", "结束日期", "To", kind="date", required=True, help=f"含当日，最多 {MOST_DAYS} 日"),
        Input(
            "params", "试验数值", "Numbers to try", kind="multiline", help='如 {"on": 70}，留空只测现行规则'
        ),
        actions.REGION,
        actions.PROJECT,
    ),
    available=lambda row, viewer: not row.proposed,
    log="{actor}对{obj}发起回溯测试 {start} 至 {end}：{params}",
    permission=PERMISSION,
)
cancel_back_test = Action(
    "cancel",
    "取消",
    "Cancel",
    BackTestRun,
    _cancel,
    available=lambda row, viewer: row.state in OPEN,
    log="{actor}取消{obj}",
    permission=PERMISSION,
)
