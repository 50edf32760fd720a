"""What is done with a citizen's complaint: look at the readings, dispatch it, answer it (DUST-29)."""

import datetime as dt
import hashlib
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from siteloop.foundation.authority.models import Organisation, OrganisationKind
from siteloop.foundation.cases import inbox
from siteloop.foundation.cases.models import Case, CaseState
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry import video
from siteloop.foundation.registry.models import WorkState
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


#: no letter that is mistaken for another; twelve of them are more than 59 bits
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
OLDEST = dt.timedelta(days=30)
LONGEST = 1000  # characters


def tracking_hash(code: str) -> str:
    """What is kept of a tracking code; blanks, dashes and small letters do not matter."""
    plain = "".join(c for c in code.upper() if c in _SIGNS)
    return hashlib.sha256(f"complaint:{plain}".encode()).hexdigest() if len(plain) == 12 else "-"


def _file_online(act: Act) -> str:
    """Take in what a citizen typed on the portal; the answer is the tracking code."""
    asked = act.data
    code = "".join(secrets.choice(_SIGNS) for _ in range(12))
    errors: dict[str, list[str]] = {}
    content = asked["content"].strip()
    if asked["site"].state != WorkState.UNDER_CONSTRUCTION:
        errors["site"] = ["该工地不在施工，请拨打 12345 反映"]
    if asked["occurred_at"] < timezone.now() - OLDEST:
        errors["occurred_at"] = [f"只受理 {OLDEST.days} 天内的问题"]
    if len(content) < 5:
        errors["content"] = ["请写明看到、听到的情况"]
    if len(content) > LONGEST:
        errors["content"] = [f"最多 {LONGEST} 字，现有 {len(content)} 字"]
    contact = (asked.get("contact") or "").strip()
    if contact and not (contact.isdigit() and 7 <= len(contact) <= 15):
        errors["contact"] = ["电话号码只填数字"]
    row = Complaint(
        site=asked["site"],
        channel="online",
        topic=asked["topic"],
        occurred_at=asked["occurred_at"],
        content=content,
        contact=contact,
        tracking=tracking_hash(code),
    )
    try:
        row.clean_fields(exclude=["site", "tracking", "region_code"])
        row.clean()
    except ValidationError as wrong:
        errors = {**wrong.message_dict, **errors}
    if errors:
        raise Refused("填写有误", status=422, errors=errors)
    row.save()
    _tell_squad(row)
    return "-".join(code[i : i + 4] for i in (0, 4, 8))


def _tell_squad(row: Complaint) -> None:
    """The nearest urban-management squad hears that something waits; not who complained, nor of what in his words."""
    over = [row.region_code[:n] for n in (9, 6) if len(row.region_code) >= n]
    squads = Organisation.objects.unscoped("a complaint finds the squad of its place").filter(
        kind=OrganisationKind.URBAN_MANAGEMENT, region_code__in=over, is_active=True
    )
    nearest = max(squads.order_by("-pk"), key=lambda o: len(o.region_code), default=None)
    if nearest is not None:
        notify(
            members(nearest),
            "complaint",
            f"市民网上投诉待核查：{row.site} {row.get_topic_display()}",
            link=f"/dust/complaints/{row.pk}/",
            level="orange",
            subject=f"complaint:{row.pk}",
        )


file_online = Action(
    "file_online",
    "网上投诉",
    "File online",
    Complaint,
    _file_online,
    fields=(
        Input("site", "被反映工地", "Site", kind="reference", required=True, reference="registry.Site"),
        Input(
            "topic",
            "反映问题",
            "Topic",
            kind="choice",
            required=True,
            choices=(("dust", "扬尘"), ("noise", "噪声"), ("both", "扬尘和噪声")),
        ),
        Input("occurred_at", "发生时间", "When", kind="datetime", required=True),
        Input("content", "反映内容", "What", kind="multiline", required=True),
        Input("contact", "联系电话", "Phone"),
    ),
    on_register=True,
    log="市民在公众门户投诉{site}",
    event="complaint_filed",
)


def shown(complaint: Complaint, viewer: Viewer) -> dict[str, Any]:
    """The panel: frozen readings, the case, what can be watched of that moment."""
    at: dt.datetime = complaint.occurred_at
    return {
        "facts": complaint.facts,
        "case": complaint.case,
        "pictures": video.pictures(complaint.site, viewer, at),
    }
