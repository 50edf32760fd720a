"""Verbs of projects, sites and devices: the state of the work, the county's review, a device's life."""

import datetime as dt
from collections.abc import Callable

from django.utils import timezone

from siteloop.foundation.registry import credentials
from siteloop.foundation.registry.completeness import completeness
from siteloop.foundation.registry.grants import works_on
from siteloop.foundation.registry.models import (
    Device,
    DeviceState,
    MaintenanceReview,
    Project,
    ReviewState,
    Site,
    WorkState,
)
from siteloop.foundation.registry.reviewing import may_review
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.told_once import ToldOnce
from siteloop.framework.viewer import Viewer

REASON = Input("reason", "理由", "Reason", kind="multiline", required=True)


def _move(to: WorkState, **dates: str) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        project: Project = act.obj
        project.state = to
        for field in dates.values():
            if getattr(project, field) is None:
                setattr(project, field, timezone.localdate())
        project.save()
        for site in Site.objects.visible_to(act.viewer).filter(project=project):
            site.state = to
            site.save()
        if to is WorkState.COMPLETED:
            # the project is done: its devices are switched off and refused from now on, its file stays
            for device in Device.objects.visible_to(act.viewer).filter(
                site__project=project, state=DeviceState.ACTIVE
            ):
                device.state = DeviceState.STOPPED
                device.save()
        return f"已{to.label}"

    return run


def _from(*states: WorkState) -> Callable[[Project, object], bool]:
    return lambda project, viewer: project.state in states


start = Action(
    "start",
    "开工",
    "Start",
    Project,
    _move(WorkState.UNDER_CONSTRUCTION, on="started_on"),
    available=_from(WorkState.NOT_STARTED),
    log="{actor}登记{obj}开工",
    event="project_started",
)
suspend = Action(
    "suspend",
    "停工",
    "Suspend",
    Project,
    _move(WorkState.SUSPENDED),
    fields=(REASON,),
    available=_from(WorkState.UNDER_CONSTRUCTION),
    confirm="停工后不再要求数据上传，确定吗？",
    log="{actor}登记{obj}停工：{reason}",
    event="project_suspended",
)
resume = Action(
    "resume",
    "复工",
    "Resume",
    Project,
    _move(WorkState.UNDER_CONSTRUCTION),
    fields=(REASON,),
    available=_from(WorkState.SUSPENDED),
    log="{actor}登记{obj}复工：{reason}",
    event="project_resumed",
)
complete = Action(
    "complete",
    "完工",
    "Complete",
    Project,
    _move(WorkState.COMPLETED, on="finished_on"),
    fields=(REASON,),
    available=_from(WorkState.UNDER_CONSTRUCTION, WorkState.SUSPENDED),
    confirm="完工后全部设备停用、数据不再接收，档案保留。确定吗？",
    danger=True,
    log="{actor}登记{obj}完工：{reason}",
    event="project_completed",
)


def _open(project: Project, viewer: Viewer) -> bool:
    """With the project's units, who hand it in; an authority decides."""
    return project.review_state in (ReviewState.DRAFT, ReviewState.RETURNED) and works_on(viewer, project)


def _submit(act: Act) -> str:
    found = completeness(act.obj)
    act.obj.completeness = found.score
    act.obj.review_state = ReviewState.SUBMITTED
    act.obj.save()
    missing = f"，尚缺：{'、'.join(found.missing)}" if found.missing else ""
    return f"已提交审核，资料完整度 {found.score}%{missing}"


submit = Action(
    "submit",
    "提交资料审核",
    "Submit for review",
    Project,
    _submit,
    available=_open,
    log="{actor}提交{obj}的资料审核",
    event="project_submitted",
    extra={"business": "registration"},  # held while a lock reaches the project
)


def _review(to: ReviewState) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        found = completeness(act.obj)
        act.obj.completeness = found.score
        act.obj.review_state, act.obj.review_opinion = to, act.data["opinion"]
        act.obj.reviewed_at, act.obj.reviewed_by_id = timezone.now(), act.viewer.user
        act.obj.save()
        return str(to.label)

    return run


OPINION = Input("opinion", "审核意见", "Opinion", kind="multiline", required=True)
_waiting = lambda p, v: p.review_state == ReviewState.SUBMITTED  # noqa: E731
review = Action(
    "review",
    "审核通过",
    "Pass review",
    Project,
    _review(ReviewState.PASSED),
    fields=(OPINION,),
    available=_waiting,
    log="{actor}审核通过{obj}的资料：{opinion}",
    event="project_reviewed",
)
send_back = Action(
    "send_back",
    "退回补正",
    "Send back",
    Project,
    _review(ReviewState.RETURNED),
    fields=(OPINION,),
    available=_waiting,
    log="{actor}退回{obj}的资料：{opinion}",
    event="project_returned",
)


def _device(to: DeviceState) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        act.obj.state = to
        act.obj.save()
        return str(to.label)

    return run


stop = Action(
    "stop",
    "停用",
    "Stop",
    Device,
    _device(DeviceState.STOPPED),
    fields=(REASON,),
    available=lambda d, v: d.state == DeviceState.ACTIVE,
    confirm="停用后其数据不再接收，确定吗？",
    log="{actor}停用{obj}：{reason}",
    event="device_stopped",
)
restore = Action(
    "restore",
    "恢复使用",
    "Restore",
    Device,
    _device(DeviceState.ACTIVE),
    fields=(REASON,),
    available=lambda d, v: d.state == DeviceState.STOPPED,
    log="{actor}恢复{obj}：{reason}",
    event="device_restored",
)
retire = Action(
    "retire",
    "拆除",
    "Retire",
    Device,
    _device(DeviceState.RETIRED),
    fields=(REASON,),
    available=lambda d, v: d.state != DeviceState.RETIRED,
    confirm="拆除登记后不能恢复，历史数据保留。确定吗？",
    danger=True,
    log="{actor}登记{obj}拆除：{reason}",
    event="device_retired",
)


LONGEST_GRACE_H = 168


def _token(act: Act) -> str:
    hours = 24 if act.data["grace_hours"] is None else act.data["grace_hours"]
    if not 0 <= hours <= LONGEST_GRACE_H:
        message = f"须在 0 到 {LONGEST_GRACE_H} 小时之间"
        raise Refused("填写有误", status=422, errors={"grace_hours": [message]})
    token = act.obj.new_token(dt.timedelta(hours=float(hours)))
    act.obj.save()
    kept = ""
    if act.obj.has_previous_token:
        kept = f"；旧令牌至 {timezone.localtime(act.obj.previous_until):%m-%d %H:%M} 仍可用"
    return ToldOnce(f"新令牌（只显示一次）：{token}{kept}", f"新令牌已显示过一次，不再显示{kept}")


issue_token = Action(
    "issue_token",
    "换发令牌",
    "New token",
    Device,
    _token,
    fields=(
        Input(
            "grace_hours",
            "旧令牌保留（小时）",
            "Old token stays good for (hours)",
            kind="number",
            help="留空为 24 小时，便于现场更换；令牌已泄露请填 0，旧令牌立即失效",
        ),
    ),
    available=lambda d, v: d.state != DeviceState.RETIRED,
    confirm="将生成新的令牌，旧令牌到期后失效。确定吗？",
    log="{actor}换发{obj}的令牌，旧令牌保留 {grace_hours} 小时",
    event="device_token_issued",
)


def _revoke(act: Act) -> str:
    credentials.forget_previous(act.obj)
    act.obj.save()
    return "旧令牌已作废"


revoke_previous = Action(
    "revoke_previous",
    "作废旧令牌",
    "Revoke the old token",
    Device,
    _revoke,
    available=lambda d, v: d.has_previous_token,
    confirm="仍在使用旧令牌的设备会立即断开，确定吗？",
    log="{actor}作废{obj}的旧令牌",
    event="device_token_revoked",
)


def _confirm(state: str) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        if act.obj.state != "waiting":
            raise Refused("该统计已审核")
        act.obj.state, act.obj.opinion = state, act.data["opinion"]
        act.obj.reviewed_at, act.obj.reviewed_by_id = timezone.now(), act.viewer.user
        act.obj.save()
        return str(act.obj.get_state_display())

    return run


confirm_review = Action(
    "confirm_review",
    "确认",
    "Confirm",
    MaintenanceReview,
    _confirm("confirmed"),
    fields=(OPINION,),
    available=may_review,
    log="{actor}确认{obj}的运维统计：{opinion}",
    event="maintenance_reviewed",
)
dispute_review = Action(
    "dispute_review",
    "提出异议",
    "Dispute",
    MaintenanceReview,
    _confirm("disputed"),
    fields=(OPINION,),
    available=may_review,
    log="{actor}对{obj}的运维统计提出异议：{opinion}",
    event="maintenance_disputed",
)


def _resubmit(act: Act) -> str:
    act.obj.state, act.obj.reviewed_at, act.obj.reviewed_by = "waiting", None, None
    act.obj.save()
    return "已重新提交审核"


resubmit_review = Action(
    "resubmit_review",
    "更正后重新提交",
    "Submit again",
    MaintenanceReview,
    _resubmit,
    fields=(REASON,),
    available=lambda review, viewer: review.state == "disputed",
    confirm="将按现有记录重新统计并再次提交项目负责人审核，确定吗？",
    log="{actor}重新提交{obj}的运维统计：{reason}",
    event="maintenance_resubmitted",
)
