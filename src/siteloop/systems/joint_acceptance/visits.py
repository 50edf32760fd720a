"""The joint visit to the site: held with people, photos and words, or called off with a reason."""

from django.utils import timezone

from siteloop.foundation.files.named import picked
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.joint_acceptance import actions
from siteloop.systems.joint_acceptance.models import SiteVisit, State, VisitState


def _planned(row: SiteVisit, viewer: Viewer) -> bool:
    return row.state == VisitState.PLANNED and row.application.state == State.EXAMINING


def _record(act: Act) -> str:
    row: SiteVisit = act.obj
    people = [line.strip() for line in act.data["people"].splitlines() if line.strip()]
    if timezone.localdate(row.at) > timezone.localdate():
        raise Refused("踏勘日期未到，不能记录踏勘情况；提前踏勘的，请取消后重新安排")
    row.people, row.summary, row.state = "\n".join(people), act.data["summary"], VisitState.HELD
    row.save()
    photos = picked(act, "photos", row.application.project_id, row.application.region_code)
    row.photos.set(photos)
    return f"已记录联合踏勘：{len(people)} 人参加，照片 {len(photos)} 张。各部门可在本部门意见中提出问题"


record = Action(
    "record",
    "记录踏勘",
    "Record the visit",
    SiteVisit,
    _record,
    fields=(
        Input(
            "people", "参加人员", "People", kind="multiline", required=True, help="每行一人：部门或单位 姓名"
        ),
        Input("summary", "踏勘情况", "What was seen", kind="multiline", required=True),
        Input("photos", "照片", "Photos", kind="files"),
    ),
    available=_planned,
    log="{actor}记录{obj}：{summary}",
    event="joint_visit_held",
)


def _cancel(act: Act) -> str:
    row: SiteVisit = act.obj
    row.state, row.cancelled_why = VisitState.CANCELLED, act.data["reason"][:300]
    row.save()
    actions.tell_visit(row, "联合踏勘取消", row.cancelled_why)
    return "已取消，已通知各方"


cancel = Action(
    "cancel",
    "取消踏勘",
    "Call off",
    SiteVisit,
    _cancel,
    fields=(Input("reason", "取消原因", "Reason", kind="multiline", required=True),),
    available=_planned,
    danger=True,
    log="{actor}取消{obj}：{reason}",
)
