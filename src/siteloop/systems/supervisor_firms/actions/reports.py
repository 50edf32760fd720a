"""Reports: written and handed in by the firm, received or sent back by the authority."""

from django.utils import timezone

from siteloop.foundation.cases.engine import outcome
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.supervisor_firms import engine, figures, papers
from siteloop.systems.supervisor_firms.models import ReportState, SupervisionReport
from siteloop.systems.supervisor_firms.models.reports import OWED

TEXTS = ("quality", "safety", "plan")


def _firms(row: SupervisionReport, viewer: Viewer) -> bool:
    return row.state in OWED and row.speaks(viewer)


def _waits(row: SupervisionReport, viewer: Viewer) -> bool:
    """On the authority's desk; nobody receives what he handed in himself."""
    return row.state == ReportState.SUBMITTED and (viewer.is_system or row.submitted_by_id != viewer.user)


def _write(act: Act) -> str:
    for name in TEXTS:
        if act.data.get(name):
            setattr(act.obj, name, act.data[name].strip())
    act.obj.save()
    return "已保存，填写完整后请“报送”"


write = Action(
    "write",
    "填写报告",
    "Write",
    SupervisionReport,
    _write,
    fields=(
        Input("quality", "质量监理情况", "Quality", kind="multiline"),
        Input("safety", "安全监理及隐患处置情况", "Safety and dangers", kind="multiline"),
        Input("plan", "存在问题和下月安排", "Problems and plan", kind="multiline"),
    ),
    available=_firms,
    log="{actor}填写{obj}",
)


def _submit(act: Act) -> str:
    row: SupervisionReport = act.obj
    empty = [
        t
        for n, t in (("quality", "质量监理情况"), ("safety", "安全监理及隐患处置情况"))
        if not getattr(row, n)
    ]
    if empty:
        raise Refused(f"报告未填写完整：{'、'.join(empty)}。请先“填写报告”")
    now = timezone.now()
    row.is_late = row.is_late or row.is_overdue(now)
    row.state, row.submitted_at, row.submitted_by_id = ReportState.SUBMITTED, now, act.viewer.user
    row.figures = figures.of_month(row.project, row.month) if row.month is not None else {}
    row.save()
    document = papers.issue(
        "report",
        row,
        act.viewer,
        authority=row.firm,
        region_code=row.region_code,
        project=row.project,
        now=now,
    )
    notify(
        members(papers.authority_of(row.region_code)),
        "supervision_report",
        f"{row.firm}报送{row.title}",
        body=f"{row.project}，{document.number}。请签收。",
        link=f"/supervisor_firms/reports/{row.pk}/",
        subject=f"supervision_report:{row.pk}:{now.isoformat()}",
    )
    if row.case is not None and engine.running(row.case) and Outcome.REPLY in _ways(row):
        outcome(row.case, Outcome.REPLY, act.viewer, now, body=f"已报送：{document.number}")
    return f"已报送：{document.number}" + ("（逾期）" if row.is_late else "")


def _ways(row: SupervisionReport) -> set[Outcome]:
    from siteloop.foundation.cases import catalogue

    assert row.case is not None, "asked for a report with a case"
    return set(catalogue.get(row.case.loop).step(row.case.step).on)


submit = Action(
    "submit",
    "报送",
    "Hand in",
    SupervisionReport,
    _submit,
    available=_firms,
    confirm="报送后不能修改，平台统计数据随报告固定。",
    log="{actor}报送{obj}",
    event="supervision_report_submitted",
)


def _receive(act: Act) -> str:
    row: SupervisionReport = act.obj
    row.state, row.received_at, row.received_by_id = ReportState.RECEIVED, timezone.now(), act.viewer.user
    row.opinion = act.data.get("opinion") or ""
    row.save()
    _tell(row, f"{row.title}已签收", "blue")
    return "已签收"


receive = Action(
    "receive",
    "签收",
    "Receive",
    SupervisionReport,
    _receive,
    fields=(Input("opinion", "意见", "Remark", kind="multiline"),),
    available=_waits,
    log="{actor}签收{obj}",
)


def _send_back(act: Act) -> str:
    row: SupervisionReport = act.obj
    if act.data["due_at"] <= timezone.now():
        raise Refused("填写有误", status=422, errors={"due_at": ["补正期限须晚于现在"]})
    row.state, row.opinion, row.due_at = ReportState.RETURNED, act.data["opinion"][:500], act.data["due_at"]
    # the term of the correction is a new one: it can be missed anew
    row.case = None
    row.save()
    _tell(row, f"{row.title}被退回补正", "orange")
    return "已退回补正"


send_back = Action(
    "send_back",
    "退回补正",
    "Send back",
    SupervisionReport,
    _send_back,
    fields=(
        Input("opinion", "需补正的内容", "What to correct", kind="multiline", required=True),
        Input("due_at", "补正期限", "Until", kind="datetime", required=True),
    ),
    available=_waits,
    log="{actor}退回{obj}：{opinion}",
)


def _cancel(act: Act) -> str:
    row: SupervisionReport = act.obj
    row.state, row.opinion = ReportState.CANCELLED, act.data["reason"][:500]
    row.save()
    if row.case is not None and engine.running(row.case) and Outcome.REPLY in _ways(row):
        outcome(row.case, Outcome.REPLY, act.viewer, body=f"报告已取消：{row.opinion}")
    _tell(row, f"{row.title}不再需要报送", "blue")
    return "已取消"


cancel = Action(
    "cancel",
    "取消报告",
    "Call off",
    SupervisionReport,
    _cancel,
    fields=(Input("reason", "取消原因", "Reason", kind="multiline", required=True),),
    available=lambda row, viewer: row.state in OWED,
    confirm="取消后该报告不再需要报送。确定吗？",
    danger=True,
    log="{actor}取消{obj}：{reason}",
)


def _tell(row: SupervisionReport, title: str, level: str) -> None:
    notify(
        engine.people_of(row),
        "supervision_report",
        title,
        body=f"{row.project}。{row.opinion}",
        link=f"/supervisor_firms/reports/{row.pk}/",
        level=level,
        subject=f"supervision_report:{row.pk}:{timezone.now().isoformat()}",
    )
