"""The verbs of the two-way blacklist: proposed, told, heard, decided by another person, ended with a reason."""

from django.utils import timezone

from siteloop.foundation.cases.deadlines import due
from siteloop.foundation.files.named import picked
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.fields import term_end
from siteloop.framework.viewer import Viewer
from siteloop.systems.credit import engine, printing, ranking, settings, telling
from siteloop.systems.credit.actions import ORGANISATION, PERSON, REASON, subject_of, wrong
from siteloop.systems.credit.models import BlacklistEntry, CreditRecord, EntryState, RecordState
from siteloop.systems.credit.scoring import months_later

OPEN = (EntryState.PROPOSED, EntryState.TOLD, EntryState.HEARD)


def _propose(act: Act) -> str:
    subject = subject_of(act)
    months = act.data["term_months"]
    if months != int(months) or not 1 <= months <= 60:
        raise wrong("term_months", "须为 1–60 的整数")
    same = {"organisation": subject["organisation"], "person": subject["person"]}
    if BlacklistEntry.objects.unscoped(ranking.WHY).filter(state__in=OPEN, **same).exists():
        raise Refused("该对象已有一件正在办理的拟列入")
    record: CreditRecord | None = act.data.get("record")
    if record is not None and record.subject_key != (
        subject["organisation"] and subject["organisation"].pk,
        subject["person"] and subject["person"].pk,
    ):
        raise wrong("record", "不是该对象的信用记录")
    if record is not None and record.state != RecordState.IN_FORCE:
        raise wrong("record", "该信用记录未生效")
    proofs = picked(act, "files", None, subject["region_code"])
    if record is None and not proofs:
        raise wrong("files", "须引用信用记录或上传证据")
    entry = BlacklistEntry(
        cause=act.data["cause"].strip()[:500],
        basis=act.data["basis"].strip()[:300],
        basis_verified=bool(act.data.get("basis_verified")),
        term_months=int(months),
        proposed_by_id=act.viewer.user,
        proposed_at=timezone.now(),
        **subject,
    )
    entry.save()
    entry.evidence.set(proofs)
    entry.records.set([record] if record is not None else [])
    return f"已提出拟列入：{entry.subject_name}，请事先告知当事人"


propose = Action(
    "propose",
    "拟列入黑名单",
    "Propose",
    BlacklistEntry,
    _propose,
    fields=(
        ORGANISATION,
        PERSON,
        Input("cause", "事由", "Cause", kind="multiline", required=True),
        Input("basis", "法律依据", "Legal basis", required=True, help="写明法规名称和条款"),
        Input("basis_verified", "依据已对照原文核实", "Basis verified", kind="bool"),
        Input("term_months", "期限（月）", "Term (months)", kind="number", required=True),
        Input("record", "相关信用记录", "Record", kind="reference", reference="credit.CreditRecord"),
        Input("files", "证据", "Evidence", kind="files"),
    ),
    on_register=True,
    log="{actor}提出拟列入黑名单：{organisation}{person}，{cause}",
)


def _tell(act: Act) -> str:
    entry: BlacklistEntry = act.obj
    entry.told_at = timezone.now()
    entry.hear_until = due(entry.told_at, settings.hear_within(entry.region_code))
    entry.state = EntryState.TOLD
    entry.save()
    document = printing.issue(act.viewer, "before", entry)
    telling.entry(entry, "拟列入黑名单事先告知", "orange")
    return f"{document.number}已送达，陈述申辩期至 {term_end(entry.hear_until)}"


tell = Action(
    "tell",
    "事先告知",
    "Tell before",
    BlacklistEntry,
    _tell,
    available=lambda entry, viewer: entry.state == EntryState.PROPOSED,
    confirm="制作事先告知书并送达；告知后开始计算陈述申辩期。",
    log="{actor}事先告知{obj}",
)


def _state_case(act: Act) -> str:
    entry: BlacklistEntry = act.obj
    if entry.hear_until is not None and timezone.now() > entry.hear_until:
        raise Refused(f"陈述申辩期已于 {term_end(entry.hear_until)} 届满")
    entry.statement, entry.stated_at = act.data["statement"].strip(), timezone.now()
    entry.state = EntryState.HEARD
    entry.save()
    entry.evidence.add(*picked(act, "files", None, entry.region_code))
    return "陈述申辩已提交"


state_case = Action(
    "state_case",
    "陈述申辩",
    "State one's case",
    BlacklistEntry,
    _state_case,
    fields=(
        Input("statement", "陈述申辩意见", "Statement", kind="multiline", required=True),
        Input("files", "材料", "Papers", kind="files"),
    ),
    available=lambda entry, viewer: entry.state == EntryState.TOLD and entry.is_own(viewer),
    log="{actor}就{obj}陈述申辩",
)


def _decides(entry: BlacklistEntry, viewer: Viewer) -> bool:
    """Whoever proposed it does not decide it."""
    waits = entry.state in (EntryState.TOLD, EntryState.HEARD)
    return waits and (viewer.is_system or viewer.user != entry.proposed_by_id)


def _enter(act: Act) -> str:
    entry: BlacklistEntry = act.obj
    if entry.state == EntryState.TOLD and entry.hear_until is not None and timezone.now() <= entry.hear_until:
        until = term_end(entry.hear_until)
        raise Refused(f"陈述申辩期至 {until}，当事人陈述或期满后方可决定")
    entry.state, entry.decided_by_id = EntryState.LISTED, act.viewer.user
    entry.opinion = act.data["opinion"].strip()[:500]
    entry.listed_on = timezone.localdate()
    entry.until = months_later(entry.listed_on, entry.term_months)
    entry.save()
    document = printing.issue(act.viewer, "listed", entry)
    telling.entry(entry, "已列入黑名单", "red")
    engine.refresh([entry.subject_key])
    return f"已列入并公示，{entry.until} 期满自动移出，{document.number}已送达"


enter = Action(
    "enter",
    "决定列入",
    "Enter",
    BlacklistEntry,
    _enter,
    fields=(Input("opinion", "决定意见（含对陈述申辩的答复）", "Opinion", kind="multiline", required=True),),
    available=_decides,
    confirm="列入后在公众门户公示，信用等级为 D，期满自动移出。确定吗？",
    danger=True,
    log="{actor}决定列入{obj}：{opinion}",
    event="blacklist_entered",
)


def _drop(act: Act) -> str:
    act.obj.state, act.obj.decided_by_id = EntryState.DROPPED, act.viewer.user
    act.obj.opinion = act.data["reason"].strip()[:500]
    act.obj.save()
    telling.entry(act.obj, "不予列入黑名单", "blue")
    return "不予列入"


drop = Action(
    "drop",
    "不予列入",
    "Do not enter",
    BlacklistEntry,
    _drop,
    fields=(REASON,),
    available=lambda entry, viewer: entry.state in OPEN,
    log="{actor}对{obj}不予列入：{reason}",
)


def _revoke(act: Act) -> str:
    engine.end_entry(act.obj, EntryState.REVOKED, act.data["reason"].strip())
    return f"已撤销列入并停止公示，{printing.issue(act.viewer, 'off', act.obj).number}已送达"


revoke = Action(
    "revoke",
    "撤销列入",
    "Revoke",
    BlacklistEntry,
    _revoke,
    fields=(REASON,),
    available=lambda entry, viewer: entry.state == EntryState.LISTED,
    confirm="确有错误的才可撤销：自今日起移出黑名单，停止公示。",
    danger=True,
    log="{actor}撤销{obj}的列入：{reason}",
)
