"""More time for a step: who holds it asks, an authority decides. Until then the old deadline counts."""

from siteloop.foundation.cases import catalogue, engine, receivers
from siteloop.foundation.cases.models import Case, CaseExtension, CaseState
from siteloop.foundation.notice.requests import RequestState, decision
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer


def _waiting(case: Case) -> bool:
    return bool(case.extensions.filter(state=RequestState.ASKED).exists())


def _may_ask(case: Case, viewer: Viewer) -> bool:
    return (
        case.state == CaseState.DISPOSING
        and case.deadline is not None
        and receivers.holds(case, viewer)
        and not _waiting(case)
    )


def _ask(act: Act) -> str:
    case: Case = act.obj
    if case.deadline is None or act.data["until"] <= case.deadline:
        raise Refused("新期限须晚于原期限", status=422, errors={"until": ["新期限须晚于原期限"]})
    row = CaseExtension(case=case, step=case.step, until=act.data["until"], reason=act.data["body"])
    row.ask(act)
    engine.note(case, "extension_asked", act.viewer, row.asked_at, body=row.reason)
    office = receivers.find(catalogue.get(case.loop).fallback, case).organisation
    if office is not None:
        notify(
            receivers.members(office),
            "case",
            f"延期申请待审批：{case.title}",
            body=f"{act.viewer.name}：{row.reason}",
            link=f"/cases/case-extensions/{row.pk}/",
            level="yellow",
            subject=f"case_extension:{row.pk}:asked",
        )
    return "延期申请已提交；批准前仍按原期限计"


ask_extension = Action(
    "ask_extension",
    "申请延期",
    "Ask for time",
    Case,
    _ask,
    fields=(
        Input("until", "延至", "Until", kind="datetime", required=True),
        Input("body", "理由", "Reason", kind="multiline", required=True),
    ),
    available=_may_ask,
    log="{actor}申请将{obj}延期至{until}：{body}",
    event="case_extension_asked",
)


def _grant(act: Act) -> str:
    row: CaseExtension = act.obj
    case = Case.objects.unscoped("its deadline is moved").select_for_update().get(pk=row.case_id)
    if case.step != row.step or case.deadline is None or row.until <= case.deadline:
        raise Refused("派单已进入下一环节或期限已变，不能再延期")
    engine.extend(case, row.until, act.viewer, row.reason)
    return "已批准延期"


grant = decision(CaseExtension, RequestState.GRANTED, ("同意延期", "Grant"), _grant, event="case_extended")
deny = decision(CaseExtension, RequestState.DENIED, ("不同意延期", "Deny"), lambda act: "已驳回延期申请")
