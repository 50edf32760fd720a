"""Appeal and repair: asked by the subject, reviewed by someone who did not decide, with publication suspended meanwhile."""

import datetime as dt
from collections.abc import Callable

from django.utils import timezone

from siteloop.foundation.files.named import picked
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.credit import engine, printing, settings, telling
from siteloop.systems.credit.actions import REASON
from siteloop.systems.credit.models import (
    BlacklistEntry,
    CreditRecord,
    CreditRequest,
    EntryState,
    RecordState,
    RequestKind,
    RequestState,
    RuleKind,
)
from siteloop.systems.credit.scoring import months_later

Target = CreditRecord | BlacklistEntry


def _is_open_to(kind: RequestKind) -> Callable[[Target, Viewer], bool]:
    """Demerits that count and entries that are listed; asked by their own subject, one request at a time."""

    def may(row: Target, viewer: Viewer) -> bool:
        if not row.is_own(viewer) or row.requests.filter(state=RequestState.SUBMITTED).exists():
            return False
        if isinstance(row, BlacklistEntry):
            return row.state == EntryState.LISTED
        counts = row.state == RecordState.IN_FORCE and row.reverses_id is None
        return counts and row.kind == RuleKind.DEMERIT

    return may


def _check_repair(row: Target) -> None:
    """Not before the region's months are over, and never where the rule says so. Raises Refused."""
    first = repair_from(row)
    if first is None:
        raise Refused("按记分规则，该行为的记分不予修复，期满自动消除")
    if timezone.localdate() < first:
        months = settings.repair_after_months(row.region_code)
        raise Refused(f"{first} 起方可申请信用修复（生效后满 {months} 个月）")


def _ask(kind: RequestKind) -> Callable[[Act], str]:
    def run(act: Act) -> str:
        row: Target = act.obj
        if kind == RequestKind.REPAIR:
            _check_repair(row)
        asked = CreditRequest(
            kind=kind,
            record=row if isinstance(row, CreditRecord) else None,
            entry=row if isinstance(row, BlacklistEntry) else None,
            organisation_id=row.organisation_id,
            person_id=row.person_id,
            region_code=row.region_code,
            statement=act.data["statement"].strip(),
            asked_by_id=act.viewer.user,
            asked_at=timezone.now(),
        )
        asked.save()
        project = row.project_id if isinstance(row, CreditRecord) else None
        asked.evidence.set(picked(act, "files", project, row.region_code))
        if kind == RequestKind.APPEAL:
            row.suspended = True
            row.save()
            return "申诉已提交，审查期间暂停公示"
        return "信用修复申请已提交"

    return run


def _asking(kind: RequestKind, model: type[Target], code: str, title: str, title_en: str) -> Action:
    return Action(
        code,
        title,
        title_en,
        model,
        _ask(kind),
        fields=(
            Input("statement", "理由", "Statement", kind="multiline", required=True),
            Input("files", "材料", "Papers", kind="files", help="整改、履行义务或证明材料"),
        ),
        available=_is_open_to(kind),
        log="{actor}就{obj}提出" + title + "：{statement}",
    )


appeal_record = _asking(RequestKind.APPEAL, CreditRecord, "appeal", "申诉", "Appeal")
repair_record = _asking(RequestKind.REPAIR, CreditRecord, "repair", "申请信用修复", "Ask for repair")
appeal_entry = _asking(RequestKind.APPEAL, BlacklistEntry, "appeal", "申诉", "Appeal")
repair_entry = _asking(RequestKind.REPAIR, BlacklistEntry, "repair", "申请信用修复", "Ask for repair")


def _deciders(row: CreditRequest) -> set[int | None]:
    """Who took part in the decision the request is about."""
    if row.record is not None:
        return {row.record.proposed_by_id, row.record.reviewed_by_id}
    return {row.entry.proposed_by_id, row.entry.decided_by_id} if row.entry is not None else set()


def _reviews(row: CreditRequest, viewer: Viewer) -> bool:
    """Nobody reviews an own request, nor one against an own decision."""
    if row.state != RequestState.SUBMITTED:
        return False
    return viewer.is_system or (viewer.user not in _deciders(row) and not row.is_own(viewer))


def _decide(act: Act, state: RequestState, opinion: str) -> CreditRequest:
    row: CreditRequest = act.obj
    row.state, row.reviewed_by_id, row.reviewed_at = state, act.viewer.user, timezone.now()
    row.opinion = opinion.strip()[:500]
    row.save()
    return row


def _lift_suspension(row: Target, act: Act) -> None:
    row.suspended = False
    row.save()


def _grant(act: Act) -> str:
    row = _decide(act, RequestState.GRANTED, act.data["opinion"])
    is_appeal = row.kind == RequestKind.APPEAL
    word = "申诉成立" if is_appeal else "信用修复"
    if row.record is not None:
        _lift_suspension(row.record, act)
        if row.record.state == RecordState.IN_FORCE:
            engine.withdraw(row.record, act.viewer, row.opinion, word)
    elif row.entry is not None and row.entry.state == EntryState.LISTED:
        state = EntryState.REVOKED if is_appeal else EntryState.REPAIRED
        engine.end_entry(row.entry, state, f"{word}：{row.opinion}")
        printing.issue(act.viewer, "off", row.entry)
    document = printing.issue(act.viewer, "reviewed", row)
    telling.decided(row)
    return f"{word}，{document.number}已送达"


grant = Action(
    "grant",
    "同意",
    "Grant",
    CreditRequest,
    _grant,
    fields=(Input("opinion", "审查意见", "Opinion", kind="multiline", required=True),),
    available=_reviews,
    confirm="同意后：记分自今日起冲销，黑名单自今日起移出，公示停止。",
    log="{actor}同意{obj}：{opinion}",
)


def _deny(act: Act) -> str:
    row = _decide(act, RequestState.DENIED, act.data["reason"])
    target: Target | None = row.record or row.entry
    if target is not None:
        _lift_suspension(target, act)
    document = printing.issue(act.viewer, "reviewed", row)
    telling.decided(row)
    return f"不同意，{document.number}已送达" + ("；恢复公示" if row.kind == RequestKind.APPEAL else "")


deny = Action(
    "deny",
    "不同意",
    "Deny",
    CreditRequest,
    _deny,
    fields=(REASON,),
    available=_reviews,
    log="{actor}不同意{obj}：{reason}",
)


def _take_back(act: Act) -> str:
    row: CreditRequest = act.obj
    row.state = RequestState.TAKEN_BACK
    row.save()
    target: Target | None = row.record or row.entry
    if target is not None:
        _lift_suspension(target, act)
    return "已撤回"


take_back = Action(
    "take_back",
    "撤回",
    "Take back",
    CreditRequest,
    _take_back,
    available=lambda row, viewer: row.state == RequestState.SUBMITTED and row.is_own(viewer),
    confirm="撤回后恢复公示，可重新提出。",
    log="{actor}撤回{obj}",
)


def repair_from(row: Target) -> dt.date | None:
    """The first day on which repair may be asked for; None when it never may."""
    if isinstance(row, CreditRecord) and not row.rule.repairable:
        return None
    begun = row.listed_on if isinstance(row, BlacklistEntry) else row.counts_from
    return months_later(begun, settings.repair_after_months(row.region_code)) if begun is not None else None
