"""One page for what the office wants of me: what waits, what only I may decide, duty of the week, how feedback goes."""

import datetime as dt
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteloop.framework.language import pick
from siteloop.framework.screen import screen
from siteloop.framework.viewer import viewer_of
from siteloop.systems.office import facade as office


@dataclass(frozen=True)
class Door:
    """A button that starts something of one's own."""

    title: str
    path: str
    icon: str


#: (permission, Chinese, English, path, icon)
DOORS = (
    ("office.leaverequest.create", "申请请假", "Ask for leave", "/office/leaves/actions/ask", "calendar-off"),
    ("office.handover.create", "移交工作", "Hand over", "/office/hand-overs/actions/offer", "transfer"),
    (
        "office.ticket.create",
        "反馈问题",
        "Report a problem",
        "/office/tickets/actions/report",
        "message-report",
    ),
)


@screen
def desk(request: HttpRequest) -> HttpResponse:
    """GET /office_desk/: the office of the signed-in person; parts without a right are left out."""
    viewer = viewer_of(request)
    context: dict[str, object] = {
        "doors": [Door(pick(zh, en), path, icon) for right, zh, en, path, icon in DOORS if viewer.may(right)],
        "items": office.items(viewer),
        "decide": [(pick(zh, en), count, path) for zh, en, count, path in office.to_decide(viewer)],
        "sees_duty": viewer.may("office.dutyshift.view"),
        "sees_leave": viewer.may("office.leaverequest.oversee"),
        "sees_feedback": viewer.may("office.ticket.oversee"),
    }
    if context["sees_duty"]:
        context["week"] = office.week(viewer)
    if context["sees_leave"]:
        context["away"] = office.away_today(viewer)
    if context["sees_feedback"]:
        context["feedback"] = office.feedback(viewer)
        context["yesterday"] = timezone.localdate() - dt.timedelta(days=1)
    return render(request, "office_desk/desk.html", context)
