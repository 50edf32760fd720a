"""The verbs of an application: papers, hand in, accept, ask for corrections, visit, conclude, withdraw."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.documents import store
from siteloop.foundation.documents.authorities import issuing_for
from siteloop.foundation.documents.models import Document
from siteloop.foundation.files.papers import attaching
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry import stages
from siteloop.foundation.registry.applying import CORRECTION, WITHDRAWAL
from siteloop.framework import events
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.fields import term_end
from siteloop.framework.viewer import Viewer
from siteloop.systems.joint_acceptance import clock, departments, documents, overdue, settings
from siteloop.systems.joint_acceptance.models import (
    GIVEN,
    OPEN,
    UNDECIDED,
    Department,
    DepartmentOpinion,
    JointApplication,
    JointPaper,
    OpinionState,
    SiteVisit,
    State,
    VisitState,
)

WHY = "an application tells all who take part, whoever acts"
#: posts of the project that get the documents besides the applicant
RECEIVERS = ("builder_leader", "project_manager")


def link(row: JointApplication) -> str:
    """Where the application is shown."""
    return f"/joint_acceptance/applications/{row.pk}/"


def _leads(row: JointApplication, viewer: Viewer) -> bool:
    """Nobody leads what he handed in himself."""
    return viewer.is_system or row.submitted_by_id is None or row.submitted_by_id != viewer.user


def missing_papers(row: JointApplication) -> list[str]:
    """Papers of the region's list that are not there."""
    had = {paper.title for paper in row.papers.all()}
    return [title for title in settings.papers(row.region_code) if title not in had]


attach = attaching(
    JointApplication,
    lambda row: JointPaper(application=row),
    missing_papers,
    JointApplication.lies_with,
    "按“材料与前置环节”中的名称填写",
)


def _submit(act: Act) -> str:
    row: JointApplication = act.obj
    before = stages.missing("joint_acceptance", row.project)
    if before:
        raise Refused(f"此前须先通过的环节尚未通过：{'、'.join(before)}")
    left = missing_papers(row)
    if left:
        raise Refused(f"材料不齐，尚缺 {len(left)} 项：{'、'.join(left)}")
    row.state, row.submitted_at, row.submitted_by_id = State.SUBMITTED, timezone.now(), act.viewer.user
    row.save()
    return "已提交，等待牵头部门受理"


submit = Action(
    "submit",
    "提交申请",
    "Submit",
    JointApplication,
    _submit,
    available=JointApplication.lies_with,
    log="{actor}提交{obj}",
    event="joint_application_submitted",
)


def _issue(act: Act, row: JointApplication, what: str, authority: Organisation) -> Document:
    document = store.issue(
        act.viewer,
        f"joint_acceptance.{what}",
        documents.composed(what, row),
        authority=authority,
        region_code=row.region_code,
        project=row.project,
        subject=row,
    )
    store.deliver(document, act.viewer, RECEIVERS)
    notify(
        members(row.applicant),
        "application_document",
        f"{document.title} {document.number}",
        body=str(row),
        link=link(row),
        level="orange" if what == "correction" else "blue",
        subject=f"joint_document:{document.pk}",
    )
    return document


def _accept(act: Act) -> str:
    row: JointApplication = act.obj
    examining = departments.over(row.region_code)
    row.lead = issuing_for(act.viewer, row.region_code)
    row.state, row.accepted_at = State.EXAMINING, timezone.now()
    row.save()
    for examiner, department in examining:
        opinion = DepartmentOpinion(application=row, department=department, began_at=row.accepted_at)
        clock.start(opinion, OpinionState.EXAMINING, examiner.term, row.accepted_at)
        opinion.save()
        _call(opinion)
    document = _issue(act, row, "accepted", row.lead)
    return f"已受理：{document.number}，{len(examining)} 个部门开始并联审查"


def _call(opinion: DepartmentOpinion) -> None:
    until = term_end(opinion.due_at) if opinion.due_at else "未规定"
    notify(
        members(opinion.department.organisation),
        "joint_opinion",
        f"联合验收待出具意见：{opinion.application.project}",
        body=f"{opinion.application.extent}，期限 {until}",
        link=f"/joint_acceptance/opinions/{opinion.pk}/",
        level="blue",
        subject=f"joint_opinion:{opinion.pk}",
    )


accept = Action(
    "accept",
    "受理并分送各部门",
    "Accept",
    JointApplication,
    _accept,
    available=lambda row, viewer: row.state == State.SUBMITTED and _leads(row, viewer),
    confirm="将制作受理通知书，各参验部门自此刻起同时计时。",
    log="{actor}受理{obj}",
    event="joint_application_accepted",
)


def _correct(act: Act) -> str:
    row: JointApplication = act.obj
    row.correction = act.data["correction"].strip()
    row.state, row.corrections = State.CORRECTING, row.corrections + 1
    row.save()
    document = _issue(act, row, "correction", issuing_for(act.viewer, row.region_code))
    return f"已一次性告知补正：{document.number}"


correct = Action(
    "correct",
    "告知补正",
    "Ask for corrections",
    JointApplication,
    _correct,
    fields=(CORRECTION,),
    available=lambda row, viewer: row.state == State.SUBMITTED and _leads(row, viewer),
    log="{actor}告知{obj}补正：{correction}",
    event="joint_application_returned",
)


def _plan(act: Act) -> str:
    row: JointApplication = act.obj
    at: dt.datetime = act.data["at"]
    if at <= timezone.now():
        raise Refused("填写有误", status=422, errors={"at": ["踏勘时间须晚于现在"]})
    visit = SiteVisit(
        application=row, at=at, place=act.data["place"][:200], note=(act.data.get("note") or "")[:300]
    )
    visit.save()
    tell_visit(visit, "联合踏勘安排", f"{visit.place}。{visit.note}")
    return f"已安排 {timezone.localtime(at):%Y-%m-%d %H:%M} 联合踏勘，已通知各参验部门和申请单位"


def tell_visit(visit: SiteVisit, title: str, body: str) -> None:
    """All departments that have not yet decided, and the applicant, hear of a visit."""
    row = visit.application
    asked = row.opinions.filter(state__in=UNDECIDED).select_related("department__organisation")
    people = [a for o in asked for a in members(o.department.organisation)] + members(row.applicant)
    notify(
        list({a.pk: a for a in people}.values()),
        "joint_visit",
        f"{title}：{row.project} {timezone.localtime(visit.at):%m-%d %H:%M}",
        body=body,
        link=f"/joint_acceptance/visits/{visit.pk}/",
        level="blue",
        subject=f"joint_visit:{visit.pk}:{visit.state}",
    )


plan_visit = Action(
    "plan_visit",
    "安排联合踏勘",
    "Plan a visit",
    JointApplication,
    _plan,
    fields=(
        Input("at", "踏勘时间", "Time", kind="datetime", required=True),
        Input("place", "集合地点", "Place", required=True),
        Input("note", "说明", "Note", kind="multiline"),
    ),
    available=lambda row, viewer: row.state == State.EXAMINING and _leads(row, viewer),
    log="{actor}为{obj}安排联合踏勘：{place}",
)


def _undecided(row: JointApplication) -> list[str]:
    waiting = row.opinions.exclude(state__in=GIVEN).select_related("department").order_by("pk")
    return [f"{o.department}（{o.get_state_display()}）" for o in waiting]


def _conclude(act: Act) -> str:
    row: JointApplication = act.obj
    waiting = _undecided(row)
    if waiting:
        raise Refused(f"尚有部门未出具意见：{'、'.join(waiting)}")
    passed = not row.opinions.filter(state=OpinionState.FAILED).exists()
    row.state = State.PASSED if passed else State.FAILED
    row.conclusion, row.concluded_at = act.data["conclusion"][:500], timezone.now()
    assert row.lead is not None, "an accepted application has its lead"
    document = _issue(act, row, "opinion", row.lead)
    row.number = document.number
    row.save()
    _cancel_visits(row, "验收已办结")
    if passed:
        events.emit("joint_acceptance_passed", project=row.project_id, number=row.number)
    return f"{row.get_state_display()}，已制作联合验收意见书：{document.number}"


conclude = Action(
    "conclude",
    "出具联合验收意见书",
    "Conclude",
    JointApplication,
    _conclude,
    fields=(Input("conclusion", "综合意见", "Conclusion", kind="multiline", required=True),),
    available=lambda row, viewer: row.state == State.EXAMINING and _leads(row, viewer),
    confirm="各部门均合格（或不涉及）的，验收通过；有一个部门不合格的，验收不通过。意见书制作后不再更改。",
    log="{actor}对{obj}出具联合验收意见书：{conclusion}",
    event="joint_application_concluded",
)


def _cancel_visits(row: JointApplication, why: str) -> None:
    for visit in row.visits.filter(state=VisitState.PLANNED):
        visit.state, visit.cancelled_why = VisitState.CANCELLED, why[:300]
        visit.save()


def _withdraw(act: Act) -> str:
    row: JointApplication = act.obj
    row.state, row.withdrawn_why = State.WITHDRAWN, act.data["reason"][:500]
    row.save()
    now, ended = timezone.now(), []
    for opinion in row.opinions.filter(state__in=UNDECIDED).select_related(
        "case", "department__organisation"
    ):
        clock.stop(opinion, OpinionState.VOID, now)
        opinion.words = "申请已撤回"
        opinion.save()
        overdue.settle(act, opinion)
        ended.append(opinion.department)
    _cancel_visits(row, "申请已撤回")
    _tell_withdrawn(row, ended)
    return "已撤回"


def _tell_withdrawn(row: JointApplication, ended: list[Department]) -> None:
    notify(
        [a for one in ended for a in members(one.organisation)],
        "joint_opinion",
        f"联合验收申请已撤回：{row.project}",
        body=row.withdrawn_why,
        link=link(row),
        level="blue",
        subject=f"joint_application:{row.pk}:withdrawn",
    )


withdraw = Action(
    "withdraw",
    "撤回申请",
    "Withdraw",
    JointApplication,
    _withdraw,
    fields=(WITHDRAWAL,),
    # the applicant's own act: the lead asks for corrections or concludes
    available=lambda row, viewer: (
        row.state in (*OPEN, State.SUBMITTED, State.EXAMINING) and row.applies(viewer)
    ),
    confirm="撤回后各部门停止办理，可重新申请。确定吗？",
    danger=True,
    log="{actor}撤回{obj}：{reason}",
)
