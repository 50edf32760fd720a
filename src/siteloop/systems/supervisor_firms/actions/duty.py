"""Staff of the firm: arriving and leaving, days off, and the month's sum."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.models import ProjectPost
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import duty, engine, papers, places, settings
from siteloop.systems.supervisor_firms.models import DutyMonth, Leave, LeaveState, PlaceCheck, Presence
from siteloop.systems.supervisor_firms.models.duty import POSTS, name_of

WHY = "a month is counted for every post"


def _check_in(act: Act) -> str:
    post: ProjectPost = act.data["post"]
    if post.kind not in POSTS:
        raise Refused("填写有误", status=422, errors={"post": ["请选择总监理工程师或专业监理工程师岗位"]})
    if post.account_id is None:
        raise Refused("该岗位未登记账号，不能签到；请先在“关键岗位”中登记", status=409)
    if post.account_id != act.viewer.user and not act.viewer.is_system:
        raise Refused("只能由岗位本人签到", status=403)
    now = timezone.now()
    if Presence.objects.unscoped(WHY).filter(post=post, day=timezone.localdate(now)).exists():
        raise Refused("今天已签到")
    lon, lat = act.data.get("lon"), act.data.get("lat")
    place, metres = places.compare(
        post.project, float(lon) if lon is not None else None, float(lat) if lat is not None else None
    )
    row = Presence(
        post=post,
        day=timezone.localdate(now),
        arrived_at=now,
        place=place,
        distance_m=metres,
    )
    row.full_clean()
    row.save()
    _count_posts(act, row.day.replace(day=1), [post], row.day)
    if place == PlaceCheck.AWAY:
        return f"已签到，但距工地 {metres} m，不计入到岗"
    return "已签到" + ("" if metres is None else f"，距工地 {metres} m")


check_in = Action(
    "check_in",
    "到岗签到",
    "Check in",
    Presence,
    _check_in,
    fields=(
        Input("post", "关键岗位", "Post", kind="reference", reference="registry.ProjectPost", required=True),
        Input("lon", "经度", "Longitude", kind="number"),
        Input("lat", "纬度", "Latitude", kind="number"),
    ),
    on_register=True,
    log="{actor}到岗签到：{post}",
)


def _check_out(act: Act) -> str:
    act.obj.left_at = timezone.now()
    act.obj.save()
    return "已签退"


def _own(row: Presence, viewer: Viewer) -> bool:
    mine = row.post is not None and row.post.account_id == viewer.user
    return mine and row.left_at is None and row.day == timezone.localdate()


check_out = Action(
    "check_out", "离岗签退", "Check out", Presence, _check_out, available=_own, log="{actor}离岗签退：{obj}"
)


def _decide(act: Act, state: LeaveState) -> None:
    row: Leave = act.obj
    row.state, row.opinion, row.decided_at = state, act.data["opinion"][:300], timezone.now()
    row.save()
    notify(
        members(row.firm),
        "supervisor_leave",
        f"监理请假{row.get_state_display()}：{row}",
        body=f"{row.project}。{row.opinion}",
        link=f"/supervisor_firms/leaves/{row.pk}/",
        subject=f"supervisor_leave:{row.pk}",
    )


def _approve(act: Act) -> str:
    _decide(act, LeaveState.APPROVED)
    return "已批准"


def _reject(act: Act) -> str:
    _decide(act, LeaveState.REJECTED)
    return "未批准"


def _asked(row: Leave, viewer: Viewer) -> bool:
    """Waiting, and not the viewer's own."""
    own = row.post is not None and row.post.account_id == viewer.user
    return row.state == LeaveState.ASKED and not own


OPINION = Input("opinion", "审批意见", "Opinion", kind="multiline", required=True)
approve = Action(
    "approve",
    "批准",
    "Approve",
    Leave,
    _approve,
    fields=(OPINION,),
    available=_asked,
    log="{actor}批准请假{obj}",
)
reject = Action(
    "reject",
    "不批准",
    "Reject",
    Leave,
    _reject,
    fields=(OPINION,),
    available=_asked,
    log="{actor}不批准请假{obj}：{opinion}",
)


def _cancel(act: Act) -> str:
    act.obj.state, act.obj.opinion = LeaveState.CANCELLED, act.data["reason"][:300]
    act.obj.save()
    return "已撤销"


cancel = Action(
    "cancel",
    "撤销请假",
    "Take back",
    Leave,
    _cancel,
    fields=(Input("reason", "原因", "Reason", required=True),),
    available=lambda row, viewer: row.state in (LeaveState.ASKED, LeaveState.APPROVED) and row.speaks(viewer),
    log="{actor}撤销请假{obj}：{reason}",
)


def _count_posts(
    act: Act, month: dt.date, found: list[ProjectPost], until: dt.date, closed: bool = False
) -> int:
    """Write the month of these posts; a closed month is left alone. Returns how many are short."""
    known = {m.post_id: m for m in DutyMonth.objects.unscoped(WHY).filter(post__in=found, month=month)}
    made: list[DutyMonth] = []
    changed: list[DutyMonth] = []
    short = 0
    for post, total in duty.sums(found, month, until):
        row = known.get(post.pk)
        if row is not None and row.is_closed:
            continue
        assert post.organisation_id is not None, "only posts of a firm are counted"
        row = row or DutyMonth(
            post=post, project=post.project, firm_id=post.organisation_id, kind=post.kind, month=month
        )
        row.holder = name_of(post)
        row.days_due, row.days_present, row.days_leave = total.due, total.present, total.leave
        row.rate, row.is_closed = total.rate, closed
        row.required = settings.presence_rate(post.kind, post.project)
        row.is_short = row.required is not None and row.rate is not None and row.rate < row.required
        short += row.is_short
        (changed if row.pk else made).append(row)
    DutyMonth.objects.bulk_create(made)
    DutyMonth.objects.unscoped(WHY).bulk_update(
        changed,
        ["holder", "days_due", "days_present", "days_leave", "rate", "required", "is_short", "is_closed"],
    )
    if closed:
        _tell_short([r for r in (*made, *changed) if r.is_short])
    return short


def _tell_short(rows: list[DutyMonth]) -> None:
    """Firm and authority hear of each closed month that fell short, once."""
    for row in rows:
        notify(
            [*members(row.firm), *members(papers.authority_of(row.project.region_code))],
            "supervisor_duty",
            f"监理履职不达标：{row}",
            body=f"{row.project}，到岗 {row.days_present}/{row.days_due} 天，要求 {row.required:.0%}",
            link=f"/supervisor_firms/duty-months/{row.pk}/",
            level="orange",
            subject=f"supervisor_duty:{row.post_id}:{row.month:%Y-%m}",
        )


def _count(act: Act) -> str:
    today = timezone.localdate()
    month = act.data["month"].replace(day=1)
    if month > today:
        raise Refused("填写有误", status=422, errors={"month": ["不能晚于本月"]})
    closed = month < today.replace(day=1)
    until = engine.month_end(month).date() if closed else today
    found = duty.posts()
    short = _count_posts(act, month, found, until, closed)
    return f"已统计 {len(found)} 个岗位，{short} 个不达标"


count = Action(
    "count",
    "统计月度",
    "Count a month",
    DutyMonth,
    _count,
    fields=(Input("month", "月份中任意一天", "A day of the month", kind="date", required=True),),
    on_register=True,
    log="{actor}统计监理履职月度：{month}",
)
