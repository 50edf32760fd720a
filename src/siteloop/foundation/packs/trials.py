"""A trial: other numbers of a rule, judged beside the rule in force. They count, notify nobody, and may become the new version."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.packs import actions, ladder, places, publishing
from siteloop.foundation.packs.actions import WHY, may_write
from siteloop.foundation.packs.models import PackRule, RuleTrial, TrialOutcome
from siteloop.foundation.packs.places import Place
from siteloop.foundation.packs.resolve import check_bounds
from siteloop.foundation.packs.typed import consistent, refuse, typed
from siteloop.foundation.regions.models import Region
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer, system_viewer

#: kinds that give orders instead of finding something: beside the rule in force there would be nothing to count
ORDERING = frozenset({"spray_linkage", "history_gap"})
USUAL_DAYS, MOST_DAYS = 14, 90
PERMISSION = "packs.packrule.trial"


def running(code: str, place: Place) -> RuleTrial | None:
    """The trial of a rule in exactly this region, or for exactly this project."""
    found = RuleTrial.objects.unscoped("asked by those who may see the rule; the page checks the place")
    return found.filter(code=code, outcome=TrialOutcome.RUNNING, **place.rows).first()


def can_try(row: PackRule) -> bool:
    """Whether this kind of rule can run beside itself."""
    return row.detector not in ORDERING


def in_force_at(row: PackRule, place: Place) -> ladder.Standing:
    """How the rule stands at a place. Raises Refused: no such region, not the row that counts there, or switched off."""
    regions = Region.objects.unscoped(WHY).filter(code=place.region)
    if place.project is None and place.region and not regions.exists():
        raise refuse("region_code", "没有这个区划代码")
    found = ladder.standing(PackRule, row.code, place.region, timezone.localdate(), place.project_id)
    if found is None or found.row.pk != row.pk:
        raise Refused(f"该版本不是此{_here(place)}的现行版本，请刷新后重试")
    if not row.enabled:
        raise Refused("规则已停用，请先启用")
    return found


def _here(place: Place) -> str:
    return "地区" if place.project is None else "项目"


def _start(act: Act) -> str:
    row: PackRule = act.obj
    place = places.asked(act)
    may_write(act.viewer, place.region)
    standing = in_force_at(row, place)
    if not can_try(row):
        raise Refused("此类规则只下发指令、不产生预警，没有可对照的数量；请用回溯测试查看将下发多少指令")
    wanted = typed(row, act.data["params"])
    check_bounds(wanted, standing.room)
    params = {**row.params, **wanted}
    consistent(params)
    if params == row.params:
        raise refuse("params", "与现行数值相同，没有可对照的内容")
    if running(row.code, place) is not None:
        raise Refused(f"此{_here(place)}已有该规则的试运行，请先结束")
    reason = act.reason.strip()
    if not reason:
        raise Refused("请写明理由", status=422)
    made = RuleTrial(
        rule=row,
        code=row.code,
        title=row.title,
        region_code=place.region,
        project=place.project,
        changes=wanted,
        params=params,
        until=_until(act),
        reason=reason[:300],
        started_at=timezone.now(),
        started_by=act.viewer.name[:80],
    )
    made.save()
    publishing.changed()
    return f"{row.title}开始试运行，至 {made.until}；只计数，不派单、不通知"


def _until(act: Act) -> dt.date:
    today = timezone.localdate()
    until: dt.date = act.data.get("until") or today + dt.timedelta(days=USUAL_DAYS)
    if not today <= until <= today + dt.timedelta(days=MOST_DAYS):
        raise refuse("until", f"试运行须在今天起 {MOST_DAYS} 日内结束")
    return until


def _close(act: Act, outcome: TrialOutcome) -> None:
    trial: RuleTrial = act.obj
    trial.outcome, trial.ended_at, trial.ended_by = outcome, timezone.now(), act.viewer.name[:80]
    trial.save(update_fields=["outcome", "ended_at", "ended_by"])
    publishing.changed()


def _end(act: Act) -> str:
    trial: RuleTrial = act.obj
    may_write(act.viewer, places.of(trial).region)
    _close(act, TrialOutcome.DROPPED)
    return f"{trial.title}试运行已结束，现行规则不变"


def _adopt(act: Act) -> str:
    trial: RuleTrial = act.obj
    place = places.of(trial)
    may_write(act.viewer, place.region)
    standing = ladder.standing(PackRule, trial.code, place.region, timezone.localdate(), place.project_id)
    if standing is None or not isinstance(standing.row, PackRule):
        raise Refused(f"该规则在此{_here(place)}已不存在")
    reason = act.reason.strip() or f"试运行 {trial.started_at:%Y-%m-%d} 起：{trial.reason}"
    data = {"params": trial.changes, **place.named}
    told = perform(actions.override_rule, act.viewer, standing.row, data, reason)
    _close(act, TrialOutcome.ADOPTED)
    return str(told)


def end_due(today: dt.date) -> int:
    """End the trials whose last day is over; returns how many."""
    over = RuleTrial.objects.unscoped(WHY).filter(outcome=TrialOutcome.RUNNING, until__lt=today)
    for trial in over:
        perform(end_trial, system_viewer("到期自动结束"), trial)
    return len(over)


def _is_running(row: RuleTrial, viewer: Viewer) -> bool:
    return row.outcome == TrialOutcome.RUNNING


start_trial = Action(
    "start_trial",
    "并行试运行",
    "Try beside",
    PackRule,
    _start,
    fields=(
        Input("params", "试行数值", "Numbers to try", kind="multiline", required=True, help='如 {"on": 70}'),
        actions.REGION,
        actions.PROJECT,
        Input("until", "试行至", "Until", kind="date", help=f"默认 {USUAL_DAYS} 日，最长 {MOST_DAYS} 日"),
    ),
    available=lambda row, viewer: not row.proposed,
    log="{actor}对{obj}开始试运行：{params}",
    event="trial_started",
    permission=PERMISSION,
)
end_trial = Action(
    "end_trial",
    "结束试运行",
    "End the trial",
    RuleTrial,
    _end,
    available=_is_running,
    log="{actor}结束试运行{obj}",
    event="trial_ended",
    permission=PERMISSION,
)
adopt_trial = Action(
    "adopt_trial",
    "正式施行试行数值",
    "Switch on",
    RuleTrial,
    _adopt,
    available=_is_running,
    confirm="试行数值将成为新版本，自今天起预警和派单，确定吗？",
    log="{actor}将试运行{obj}的数值转为正式",
    event="trial_adopted",
    permission=PERMISSION,
)
