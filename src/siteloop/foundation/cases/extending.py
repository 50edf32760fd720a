"""More time for a step: who holds it asks, an authority decides. Until then the old deadline counts."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.cases import catalogue, engine, receivers
from siteloop.foundation.cases.models import Case, CaseExtension, CaseState, ExtensionState
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer


def _waiting(case: Case) -> bool:
    return bool(case.extensions.filter(state=ExtensionState.ASKED).exists())


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
    row = CaseExtension(
        case=case,
        step=case.step,
        asked_at=timezone.now(),
        asked_by_id=act.viewer.user,
        until=act.data["until"],
        reason=act.data["body"],
    )
    row.full_clean(exclude=("case",))
    row.save()
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


def _decide(granted: bool) -> Any:
    def run(act: Act) -> str:
        row: CaseExtension = act.obj
        if row.asked_by_id is not None and row.asked_by_id == act.viewer.user:
            raise Refused("申请人不能审批自己的申请", status=403)
        if granted:
            case = Case.objects.unscoped("its deadline is moved").select_for_update().get(pk=row.case_id)
            if case.step != row.step or case.deadline is None or row.until <= case.deadline:
                raise Refused("派单已进入下一环节或期限已变，不能再延期")
            engine.extend(case, row.until, act.viewer, row.reason)
        row.state = ExtensionState.GRANTED if granted else ExtensionState.DENIED
        row.decided_at, row.decided_by_id = timezone.now(), act.viewer.user
        row.opinion = act.data["opinion"][:300]
        row.save()
        _tell(row, granted)
        return "已批准延期" if granted else "已驳回延期申请"

    return run


def _tell(row: CaseExtension, granted: bool) -> None:
    if row.asked_by is None:
        return
    notify(
        [row.asked_by],
        "case",
        f"延期申请{'已批准' if granted else '未批准'}：{row.case.title}",
        body=row.opinion,
        link=f"/cases/cases/{row.case_id}/",
        level="blue" if granted else "yellow",
        subject=f"case_extension:{row.pk}:decided",
    )


OPINION = Input("opinion", "审批意见", "Opinion", kind="multiline", required=True)


def _is_asked(row: CaseExtension, viewer: Viewer) -> bool:
    return row.state == ExtensionState.ASKED


grant = Action(
    "grant",
    "同意延期",
    "Grant",
    CaseExtension,
    _decide(True),
    fields=(OPINION,),
    available=_is_asked,
    log="{actor}同意{obj}：{opinion}",
    event="case_extended",
)
deny = Action(
    "deny",
    "不同意",
    "Deny",
    CaseExtension,
    _decide(False),
    fields=(OPINION,),
    available=_is_asked,
    log="{actor}不同意{obj}：{opinion}",
)
