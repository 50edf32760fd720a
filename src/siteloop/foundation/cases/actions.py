"""What people do with a case. Every verb goes through the engine, so that the loop decides what follows."""

import datetime as dt
from typing import Any

from django.utils import timezone

from siteloop.foundation.cases import catalogue, engine, inbox, receivers, setting_aside, telling
from siteloop.foundation.cases.basis import basis_of
from siteloop.foundation.cases.extending import ask_extension
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.models import (
    Case,
    CaseState,
    Enforcement,
    EnforcementKind,
    SetAside,
    SetAsideState,
)
from siteloop.foundation.cases.regrouping import merge, reassign
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.named import picked
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer


def _has(case: Case, outcome: Outcome) -> bool:
    return case.state in engine.OPEN_STATES and outcome in catalogue.get(case.loop).step(case.step).on


def _may(outcome: Outcome) -> Any:
    def available(case: Case, viewer: Viewer) -> bool:
        return _has(case, outcome) and receivers.holds(case, viewer)

    return available


def _evidence(act: Act) -> list[Evidence]:
    """Evidence rows the person attached; each must be visible to that person."""
    return picked(act, "evidence", act.obj.project_id, act.obj.region_code)


def _do(outcome: Outcome) -> Any:
    def run(act: Act) -> str:
        evidence = _evidence(act)
        step = catalogue.get(act.obj.loop).step(act.obj.step)
        if outcome is Outcome.REPLY and step.evidence and not evidence:
            raise Refused(
                "本环节须附整改照片或材料", status=422, errors={"evidence": ["请上传整改照片或材料"]}
            )
        event = engine.outcome(act.obj, outcome, act.viewer, body=act.data.get("body", ""))
        event.evidence.set(evidence)
        return f"已办理：{act.obj.words or step.title}"

    return run


BODY = Input("body", "办理意见", "Opinion", kind="multiline", required=True)
FILES = Input(
    "evidence", "照片或材料", "Photos or papers", kind="files", help="拍摄时间、位置与摘要值一并留存"
)

reply = Action(
    "reply",
    "提交整改",
    "Report rectified",
    Case,
    _do(Outcome.REPLY),
    fields=(BODY, FILES),
    available=_may(Outcome.REPLY),
    log="{actor}对{obj}提交整改回复",
    event="case_replied",
)
refuse = Action(
    "refuse",
    "不予处置",
    "Will not act",
    Case,
    _do(Outcome.REFUSE),
    fields=(BODY,),
    available=_may(Outcome.REFUSE),
    confirm="不予处置将直接转派上级处置，确定吗？",
    danger=True,
    log="{actor}对{obj}不予处置",
    event="case_refused",
)
pass_check = Action(
    "pass_check",
    "核查通过",
    "Pass the check",
    Case,
    _do(Outcome.PASS),
    fields=(BODY, FILES),
    available=_may(Outcome.PASS),
    log="{actor}对{obj}核查通过",
    event="case_passed",
)
fail_check = Action(
    "fail_check",
    "核查不通过",
    "Fail the check",
    Case,
    _do(Outcome.FAIL),
    fields=(BODY, FILES),
    available=_may(Outcome.FAIL),
    log="{actor}对{obj}核查不通过",
    event="case_failed",
)
transfer = Action(
    "transfer",
    "转派",
    "Hand on",
    Case,
    _do(Outcome.TRANSFER),
    fields=(BODY,),
    available=_may(Outcome.TRANSFER),
    confirm="转派后由下一级部门处置，确定吗？",
    log="{actor}转派{obj}",
    event="case_transferred",
)


def _recheck(act: Act) -> str:
    verdict = engine.machine_check(act.obj)
    if verdict is None:
        raise Refused("当前环节没有系统自动核查")
    return verdict.message


recheck = Action(
    "recheck",
    "系统核查",
    "Ask the machine",
    Case,
    _recheck,
    available=lambda case, viewer: case.state == CaseState.VERIFYING and receivers.holds(case, viewer),
    log="{actor}对{obj}发起系统核查",
)


def _extend(act: Act) -> str:
    until: dt.datetime = act.data["until"]
    if act.obj.deadline is None or act.obj.state not in engine.OPEN_STATES:
        raise Refused("当前环节没有期限")
    if until <= act.obj.deadline:
        raise Refused("新期限须晚于原期限", status=422, errors={"until": ["新期限须晚于原期限"]})
    engine.extend(act.obj, until, act.viewer, act.data["body"])
    return "已延期"


extend = Action(
    "extend",
    "延期",
    "Extend",
    Case,
    _extend,
    fields=(Input("until", "新期限", "New deadline", kind="datetime", required=True), BODY),
    available=lambda case, viewer: case.deadline is not None and case.state in engine.OPEN_STATES,
    log="{actor}将{obj}的期限延至{until}",
    event="case_extended",
)


def _comment(act: Act) -> str:
    event = engine.note(act.obj, "comment", act.viewer, timezone.now(), body=act.data["body"])
    event.evidence.set(_evidence(act))
    return "已记录"


comment = Action(
    "comment",
    "备注",
    "Comment",
    Case,
    _comment,
    fields=(BODY, FILES),
    log="{actor}备注{obj}",
)


URGE_AGAIN_AFTER = dt.timedelta(hours=1)


def _urge(act: Act) -> str:
    now = timezone.now()
    mine = act.obj.events.filter(kind="urged", account=act.viewer.user, at__gt=now - URGE_AGAIN_AFTER)
    if mine.exists():
        raise Refused("您一小时内已催办过")
    event = engine.note(act.obj, "urged", act.viewer, now, body=act.data["body"])
    told = telling.urged(act.obj, act.viewer.name, act.data["body"], event.pk)
    return f"已催办，通知 {told} 人"


urge = Action(
    "urge",
    "催办",
    "Urge",
    Case,
    _urge,
    fields=(BODY,),
    available=lambda case, viewer: case.state in engine.OPEN_STATES and not receivers.holds(case, viewer),
    log="{actor}催办{obj}：{body}",
    event="case_urged",
)


def _cancel(act: Act) -> str:
    engine.cancel(act.obj, act.viewer, act.data["body"])
    return "已撤销"


cancel = Action(
    "cancel",
    "撤销",
    "Cancel",
    Case,
    _cancel,
    fields=(BODY,),
    available=lambda case, viewer: case.state in engine.OPEN_STATES,
    confirm="误派才可撤销，撤销后不再流转，确定吗？",
    danger=True,
    log="{actor}撤销{obj}",
    event="case_cancelled",
)


def _enforce(act: Act) -> str:
    kind, amount = act.data["kind"], act.data.get("amount")
    found = basis_of(act.obj)
    if kind == EnforcementKind.FINED:
        if amount is None:
            raise Refused("请填写罚款金额", status=422, errors={"amount": ["请填写罚款金额"]})
        for basis in found:
            if basis.fine_low is not None and basis.fine_high is not None:
                if not basis.fine_low <= amount <= basis.fine_high:
                    raise Refused(
                        f"罚款金额须在 {basis.fine_low}–{basis.fine_high} 元之间（{basis.instrument}{basis.clause}）",
                        status=422,
                        errors={"amount": [f"{basis.fine_low}–{basis.fine_high} 元"]},
                    )
                break
    row = Enforcement(
        case=act.obj,
        project_id_copy=act.obj.project_id,
        region_code=act.obj.region_code,
        kind=kind,
        amount=amount,
        devices=act.data.get("devices"),
        decision_number=act.data.get("decision_number") or "",
        decided_on=act.data["decided_on"],
        basis="；".join(f"{b.instrument}{b.clause}" for b in found)[:300],
        note=act.data.get("body") or "",
    )
    row.full_clean()
    row.save()
    engine.note(
        act.obj,
        "enforcement",
        act.viewer,
        timezone.now(),
        body=f"{row.get_kind_display()} {row.decision_number} {amount or ''} {row.note}".strip(),
    )
    return "执法结果已登记"


record_enforcement = Action(
    "record_enforcement",
    "登记执法结果",
    "Record enforcement",
    Case,
    _enforce,
    fields=(
        Input("kind", "结果", "Result", kind="choice", required=True, choices=tuple(EnforcementKind.choices)),
        Input("decided_on", "日期", "Date", kind="date", required=True),
        Input("decision_number", "文书编号", "Document number"),
        Input("amount", "罚款金额（元）", "Fine (yuan)", kind="money"),
        Input("devices", "补装设备（台）", "Devices added", kind="number"),
        Input("body", "说明", "Note", kind="multiline"),
    ),
    available=lambda case, viewer: receivers.holds(case, viewer) or case.state == CaseState.CLOSED,
    log="{actor}登记{obj}的执法结果",
    event="enforcement_recorded",
)

ALL = (
    reply,
    refuse,
    pass_check,
    fail_check,
    transfer,
    recheck,
    ask_extension,
    extend,
    reassign,
    merge,
    comment,
    urge,
    record_enforcement,
    cancel,
)


def _waits(row: SetAside, viewer: Viewer) -> bool:
    return row.state == SetAsideState.WAITING


def _settle(row: SetAside, state: SetAsideState) -> None:
    row.state, row.settled_at = state, timezone.now()
    row.save()


def _retry(act: Act) -> str:
    if act.obj.act == "deadline":
        _settle(act.obj, SetAsideState.DONE)
        return "已交回时限程序，稍后自动办理"
    episode = SetAside.objects.unscoped("what waits of one episode is done in its order").filter(
        key=act.obj.key, state=SetAsideState.WAITING
    )
    done = 0
    for row in episode.select_for_update().order_by("pk"):
        try:
            setting_aside.again(row, inbox.apply)
        except setting_aside.Failed as failed:
            row.tries, row.reason, row.place = row.tries + 1, failed.reason, failed.place
            row.save()
            return f"仍未成功：{failed.reason}" + (f"（已重办 {done} 条）" if done else "")
        _settle(row, SetAsideState.DONE)
        done += 1
    return f"已重办 {done} 条"


retry = Action(
    "retry",
    "重新办理",
    "Try again",
    SetAside,
    _retry,
    available=_waits,
    bulk=True,
    log="{actor}重新办理搁置事项{obj}",
)


def _drop(act: Act) -> str:
    _settle(act.obj, SetAsideState.DROPPED)
    return "已放弃"


drop = Action(
    "drop",
    "放弃",
    "Drop",
    SetAside,
    _drop,
    fields=(Input("reason", "放弃理由", "Reason", kind="multiline", required=True),),
    available=lambda row, viewer: _waits(row, viewer) and row.act != "deadline",
    confirm="放弃后该预警不再立案，原文保留备查。确定吗？",
    danger=True,
    log="{actor}放弃搁置事项{obj}：{reason}",
)
