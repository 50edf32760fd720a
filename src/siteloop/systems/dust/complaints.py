"""What is done with a citizen's complaint: look at the readings, dispatch it, answer it (DUST-29)."""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.cases import inbox
from siteloop.foundation.cases.models import Case, CaseState
from siteloop.foundation.registry import video
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.kernel.finding import Act as Says
from siteloop.kernel.finding import Finding, Severity
from siteloop.kernel.times import to_us
from siteloop.systems.dust import evidence
from siteloop.systems.dust.cases import COMPLAINED
from siteloop.systems.dust.models import Complaint, ComplaintState


def _open(complaint: Complaint, viewer: Viewer) -> bool:
    return complaint.state == ComplaintState.RECEIVED


def _collect(act: Act) -> str:
    act.obj.facts = {
        **evidence.collect(act.obj.site, act.obj.occurred_at),
        "collected_at": timezone.now().isoformat(timespec="seconds"),
        "by": act.viewer.name,
    }
    act.obj.save()
    found = len(act.obj.facts["readings"])
    return f"已取证：{found} 项监测数据" if found else "该时段没有有效监测数据，结果已记录"


collect = Action(
    "collect",
    "监测取证",
    "Collect readings",
    Complaint,
    _collect,
    available=lambda complaint, viewer: complaint.state != ComplaintState.ANSWERED,
    log="{actor}为{obj}调取监测数据",
)


def _dispatch(act: Act) -> str:
    complaint: Complaint = act.obj
    now = timezone.now()
    site = complaint.site
    found = inbox.apply(
        Finding(
            act=Says.RAISE,
            rule=COMPLAINED,
            subject=f"complaint:{complaint.pk}",
            since=to_us(complaint.occurred_at),
            at=to_us(now),
            site=site.pk,
            project=site.project_id,
            region=complaint.region_code,
            severity=Severity.ORANGE,
            message=_told(complaint, act.data["body"]),
        ),
        now,
    )
    if found is None or found.case is None:
        raise Refused("未能派单，请联系平台管理员")
    case: Case = found.case
    case.source = "complaint"
    case.save()
    complaint.case, complaint.state = case, ComplaintState.DISPATCHED
    complaint.save()
    return f"已派单 {case.number}"


def _told(complaint: Complaint, body: str) -> str:
    """What the project reads: the matter and the readings, nothing of the citizen."""
    when = evidence.shown(complaint.occurred_at)
    read = "；".join(
        f"{r['point']} {r['title']} 均值 {r['mean']:g}、最高 {r['high']:g} {r['unit']}"
        for r in complaint.facts.get("readings", [])
    )
    return f"市民反映{when}{complaint.get_topic_display()}问题：{body}" + (
        f"（监测：{read}）" if read else ""
    )


dispatch = Action(
    "dispatch",
    "派单处置",
    "Dispatch",
    Complaint,
    _dispatch,
    fields=(
        Input(
            "body",
            "处置要求",
            "What is to be done",
            kind="multiline",
            required=True,
            help="发送给项目部，请勿写入投诉人信息",
        ),
    ),
    available=_open,
    log="{actor}将{obj}派单处置",
    event="complaint_dispatched",
)


def _answer(act: Act) -> str:
    complaint: Complaint = act.obj
    if complaint.case is not None and complaint.case.state not in (CaseState.CLOSED, CaseState.CANCELLED):
        raise Refused(f"派单 {complaint.case.number} 尚未办结，不能答复办结")
    complaint.answer, complaint.answered_at = act.data["answer"], timezone.now()
    complaint.state = ComplaintState.ANSWERED
    complaint.save()
    return "已答复办结"


answer = Action(
    "answer",
    "答复办结",
    "Answer",
    Complaint,
    _answer,
    fields=(
        Input(
            "answer",
            "答复内容",
            "Answer",
            kind="multiline",
            required=True,
            help="未派单的请写明核查情况，如监测数据未超限",
        ),
    ),
    available=lambda complaint, viewer: complaint.state != ComplaintState.ANSWERED,
    log="{actor}答复办结{obj}",
    event="complaint_answered",
)


def shown(complaint: Complaint, viewer: Viewer) -> dict[str, Any]:
    """The panel: frozen readings, the case, what can be watched of that moment."""
    at: dt.datetime = complaint.occurred_at
    return {
        "facts": complaint.facts,
        "case": complaint.case,
        "pictures": video.pictures(complaint.site, viewer, at),
    }
