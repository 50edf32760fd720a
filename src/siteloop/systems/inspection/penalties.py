"""The penalty procedure after 行政处罚法 (2021): each step with its date, none before the one it rests on.

A decision rests on evidence only. Electronic monitoring records count after legal and technical review, with the device
marked and its place published (art. 41): an alarm can start a check, never a penalty.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from siteloop.foundation.cases import engine as case_engine
from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.cases.loop import Outcome
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents import store
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.named import picked
from siteloop.foundation.packs import resolve
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.inspection import documents, engine
from siteloop.systems.inspection.models import MeasureKind, Penalty, PenaltyState, Proof, ProofKind

State = PenaltyState


def _in(*states: str) -> Any:
    return lambda penalty, viewer: penalty.state in states


def _day(act: Act, name: str, not_before: dt.date | None, after_what: str) -> dt.date:
    """A typed date: not in the future, not before what it rests on."""
    day: dt.date = act.data[name]
    if day > timezone.localdate():
        raise Refused("日期不能晚于今天", status=422, errors={name: ["不能晚于今天"]})
    if not_before is not None and day < not_before:
        words = f"不能早于{after_what} {not_before}"
        raise Refused(f"日期{words}", status=422, errors={name: [words]})
    return day


def last_day(penalty: Penalty, key: str, start: dt.date | None) -> dt.date | None:
    """The last day of a term of the project or its region that began on `start`, as the penalty's case counts it."""
    stated = resolve.value(key, penalty.region_code, project=penalty.project_id)
    if start is None or stated is None:
        return None
    begun = dt.datetime.combine(start, dt.time(12), SHANGHAI)
    return (due(begun, Term.of(stated)) - dt.timedelta(seconds=1)).astimezone(SHANGHAI).date()


def _step(penalty: Penalty, outcome: Outcome, viewer: Viewer, body: str) -> None:
    case = (
        Case.objects.unscoped("the loop of a penalty the viewer holds")
        .select_for_update(of=("self",))
        .filter(pk=penalty.case_id or 0)
        .first()
    )
    if case is not None:
        case_engine.outcome(case, outcome, viewer, body=body)


def _file(act: Act) -> str:
    penalty: Penalty = act.obj
    moved = penalty.order.issued_at.astimezone(SHANGHAI).date()
    penalty.filed_on = _day(act, "filed_on", moved, "移送日期")
    penalty.state = State.FILED
    penalty.save()
    _step(penalty, Outcome.REPLY, act.viewer, f"立案日期 {penalty.filed_on}")
    until = last_day(penalty, "inspection.penalty.decide", penalty.filed_on)
    return f"已立案{f'，应于 {until} 前作出决定' if until else ''}"


def _date(name: str, title: str, title_en: str) -> Input:
    return Input(name, title, title_en, kind="date", required=True)


file = Action(
    "file",
    "立案",
    "File",
    Penalty,
    _file,
    fields=(_date("filed_on", "立案日期", "Filed on"),),
    available=_in(State.MOVED),
    log="{actor}对{obj}立案",
    event="penalty_filed",
)


def _tell(act: Act) -> str:
    penalty: Penalty = act.obj
    penalty.told_on = _day(act, "told_on", penalty.filed_on, "立案日期")
    penalty.state = State.TOLD
    penalty.save()
    until = last_day(penalty, "inspection.penalty.hearing", penalty.told_on)
    return f"已告知{f'；当事人可在 {until} 前申请听证' if until else ''}"


tell = Action(
    "tell",
    "告知",
    "Tell the party",
    Penalty,
    _tell,
    fields=(_date("told_on", "告知日期", "Told on"),),
    available=_in(State.FILED),
    log="{actor}告知{obj}",
)


def _hearing(act: Act) -> str:
    penalty: Penalty = act.obj
    asked = _day(act, "asked_on", penalty.told_on, "告知日期")
    until = last_day(penalty, "inspection.penalty.hearing", penalty.told_on)
    if until is not None and asked > until:
        raise Refused(
            f"听证须在告知后的期限内（{until} 前）申请", status=422, errors={"asked_on": [f"期限至 {until}"]}
        )
    penalty.hearing_asked_on = asked
    penalty.save()
    return "已登记听证申请；听证前不能作出决定"


ask_hearing = Action(
    "ask_hearing",
    "登记听证申请",
    "Hearing asked for",
    Penalty,
    _hearing,
    fields=(_date("asked_on", "申请日期", "Asked on"),),
    available=lambda p, v: p.state == State.TOLD and p.hearing_asked_on is None,
    log="{actor}登记{obj}的听证申请",
)


def _heard(act: Act) -> str:
    act.obj.heard_on = _day(act, "heard_on", act.obj.hearing_asked_on, "申请日期")
    act.obj.save()
    return "听证已登记"


hear = Action(
    "hear",
    "登记听证",
    "Hearing held",
    Penalty,
    _heard,
    fields=(_date("heard_on", "听证日期", "Heard on"),),
    available=lambda p, v: p.state == State.TOLD and p.hearing_asked_on is not None and p.heard_on is None,
    log="{actor}登记{obj}的听证",
)


def not_ready(penalty: Penalty, today: dt.date) -> list[str]:
    """What still stands against a decision: proofs, their review, a hearing, the party's time to ask for one."""
    proofs = list(penalty.proofs.all())
    reasons = []
    if not proofs:
        reasons.append("没有证据")
    for proof in proofs:
        if proof.lacking:
            reasons.append(
                f"“{proof.title}”缺{'、'.join(proof.lacking)}，未经审核的电子记录不得作为证据（行政处罚法第四十一条）"
            )
    if penalty.hearing_asked_on is not None and penalty.heard_on is None:
        reasons.append("当事人已申请听证，尚未听证")
    until = last_day(penalty, "inspection.penalty.hearing", penalty.told_on)
    if penalty.hearing_asked_on is None and until is not None and today <= until:
        reasons.append(f"当事人申请听证的期限至 {until}，期满方可决定")
    return reasons


def _decide(act: Act) -> str:
    penalty: Penalty = act.obj
    day = _day(act, "decided_on", penalty.heard_on or penalty.told_on, "听证或告知日期")
    reasons = not_ready(penalty, day)
    if reasons:
        raise Refused("不能作出决定：" + "；".join(reasons))
    measure, amount = act.data["measure"], act.data["amount"]
    _within(measure, amount, penalty)
    penalty.measure, penalty.amount, penalty.decided_on = measure, amount, day
    penalty.state = State.DECIDED
    penalty.document = store.issue(
        act.viewer,
        "inspection.decision",
        documents.records.decision(penalty),
        authority=engine.authority_of(act.viewer, penalty.region_code),
        region_code=penalty.region_code,
        project=penalty.project,
        subject=penalty,
    )
    penalty.save()
    _step(penalty, Outcome.REPLY, act.viewer, f"罚款 {amount:,.2f} 元")
    late = last_day(penalty, "inspection.penalty.decide", penalty.filed_on)
    warned = f"（已超过办案期限 {late}，原因须入卷）" if late is not None and day > late else ""
    return f"已作出决定 {penalty.document.number}{warned}"


def _within(measure: Any, amount: Decimal, penalty: Penalty) -> None:
    if measure.kind != MeasureKind.FINE:
        raise Refused("请选择罚款类措施", status=422, errors={"measure": ["须为罚款"]})
    if measure.region_code and not penalty.region_code.startswith(measure.region_code):
        raise Refused(f"“{measure}”的依据不适用于本地", status=422, errors={"measure": ["依据不适用于本地"]})
    low, high = measure.fine_low, measure.fine_high
    if amount <= 0 or (low is not None and amount < low) or (high is not None and amount > high):
        room = f"{low:,.0f}–{high:,.0f} 元" if low is not None and high is not None else "大于 0"
        raise Refused(f"罚款金额须为 {room}（{measure.basis}）", status=422, errors={"amount": [room]})


decide = Action(
    "decide",
    "作出决定",
    "Decide",
    Penalty,
    _decide,
    fields=(
        Input("measure", "罚则", "Basis", kind="reference", reference="inspection.Measure", required=True),
        Input("amount", "罚款金额（元）", "Fine (yuan)", kind="money", required=True),
        _date("decided_on", "决定日期", "Decided on"),
    ),
    available=_in(State.TOLD),
    log="{actor}对{obj}作出处罚决定：罚款{amount}元",
    event="penalty_decided",
)


def _serve(act: Act) -> str:
    penalty: Penalty = act.obj
    penalty.served_on = _day(act, "served_on", penalty.decided_on, "决定日期")
    penalty.state = State.SERVED
    penalty.save()
    _step(penalty, Outcome.REPLY, act.viewer, f"送达日期 {penalty.served_on}")
    late = last_day(penalty, "inspection.penalty.serve", penalty.decided_on)
    return "送达已登记" + (f"（已超过 {late} 的送达期限）" if late and penalty.served_on > late else "")


serve = Action(
    "serve",
    "登记送达",
    "Served",
    Penalty,
    _serve,
    fields=(_date("served_on", "送达日期", "Served on"),),
    available=_in(State.DECIDED),
    log="{actor}登记{obj}送达",
)


def _settle(act: Act) -> str:
    act.obj.settled_on = _day(act, "settled_on", act.obj.served_on, "送达日期")
    act.obj.outcome, act.obj.state = act.data["outcome"][:300], State.SETTLED
    act.obj.save()
    _step(act.obj, Outcome.REPLY, act.viewer, act.obj.outcome)
    return "已结案"


settle = Action(
    "settle",
    "结案",
    "Settle",
    Penalty,
    _settle,
    fields=(
        _date("settled_on", "结案日期", "Settled on"),
        Input("outcome", "执行情况", "Outcome", kind="multiline", required=True),
    ),
    available=_in(State.SERVED),
    log="{actor}办结{obj}：{outcome}",
    event="penalty_settled",
)


def _drop(act: Act) -> str:
    act.obj.state, act.obj.settled_on = State.DROPPED, timezone.localdate()
    act.obj.outcome = act.data["reason"][:300]
    act.obj.save()
    _step(act.obj, Outcome.REFUSE, act.viewer, act.obj.outcome)
    return "已登记不予处罚"


drop = Action(
    "drop",
    "不予处罚",
    "No penalty",
    Penalty,
    _drop,
    fields=(
        Input(
            "reason",
            "理由",
            "Reason",
            kind="multiline",
            required=True,
            help="如违法行为轻微并及时改正，没有造成危害后果（行政处罚法第三十三条）",
        ),
    ),
    available=_in(State.MOVED, State.FILED, State.TOLD),
    danger=True,
    log="{actor}对{obj}不予处罚：{reason}",
    event="penalty_dropped",
)


def _add_proof(act: Act) -> str:
    Proof(
        penalty=act.obj,
        kind=act.data["kind"],
        title=act.data["title"][:120],
        file=_kept(act),
        device=act.data.get("device"),
    ).save()
    return "证据已登记"


def _kept(act: Act) -> Evidence | None:
    found = picked(act, "file", act.obj.project_id, act.obj.region_code)
    if len(found) > 1:
        raise Refused("一份证据一个文件", status=422, errors={"file": ["一次只登记一个文件"]})
    return found[0] if found else None


add_proof = Action(
    "add_proof",
    "登记证据",
    "Add a proof",
    Penalty,
    _add_proof,
    fields=(
        Input("kind", "证据种类", "Kind", kind="choice", required=True, choices=tuple(ProofKind.choices)),
        Input("title", "名称", "Name", required=True),
        Input("file", "文件", "File", kind="files", help="可一次上传一个文件"),
        Input("device", "监控设备", "Device", kind="reference", reference="registry.Device"),
    ),
    available=_in(State.MOVED, State.FILED, State.TOLD),
    log="{actor}为{obj}登记证据：{title}",
)


def _review(act: Act) -> str:
    proof: Proof = act.obj
    if proof.kind != ProofKind.ELECTRONIC:
        raise Refused("只有电子技术监控记录需要审核")
    if act.data["legal_by"].strip() == act.data["technical_by"].strip():
        raise Refused(
            "法制审核与技术审核须由不同人员进行", status=422, errors={"technical_by": ["须为另一人"]}
        )
    proof.legal_review_on = proof.technical_review_on = _day(act, "reviewed_on", None, "")
    proof.legal_review_by, proof.technical_review_by = (
        act.data["legal_by"][:40],
        act.data["technical_by"][:40],
    )
    proof.device_marked = bool(act.data["marked"])
    proof.place_published_on = act.data.get("published_on")
    proof.save()
    return "审核已登记" + (f"；仍缺{'、'.join(proof.lacking)}" if proof.lacking else "，可作为证据")


review = Action(
    "review",
    "登记审核",
    "Review",
    Proof,
    _review,
    fields=(
        Input("legal_by", "法制审核人", "Legal reviewer", required=True),
        Input("technical_by", "技术审核人", "Technical reviewer", required=True),
        _date("reviewed_on", "审核日期", "Reviewed on"),
        Input("marked", "设备有明显标志", "Device is marked", kind="bool"),
        Input("published_on", "设置地点公布日期", "Place published on", kind="date"),
    ),
    available=lambda p, v: (
        p.kind == ProofKind.ELECTRONIC and p.penalty.state in (State.MOVED, State.FILED, State.TOLD)
    ),
    log="{actor}登记{obj}的审核",
)
