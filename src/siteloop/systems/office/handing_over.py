"""Hand-over: the list is made when it is offered; when the taker accepts, each line that is still the giver's moves."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from siteloop.foundation.authority.belongings import BELONGINGS
from siteloop.foundation.notice.send import notify
from siteloop.framework import trail
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.office import desks
from siteloop.systems.office.models import HandOver, HandOverLine, HandOverState, LineState

WHY = "a hand-over lists all that lies with its giver"
OVERSEE = "office.handover.oversee"


def link(row: HandOver) -> str:
    """Where a hand-over is opened."""
    return f"/office/hand-overs/{row.pk}/"


def listed(giver: int) -> list[HandOverLine]:
    """Unsaved lines of all that is open with an account, in the order of the kinds."""
    return [
        HandOverLine(
            kind=kind.code, kind_title=kind.title, key=row.pk, title=str(row)[:300], link=kind.link(row)
        )
        for kind in BELONGINGS.values()
        for row in kind.rows(giver)
    ]


def _offer(act: Act) -> str:
    giver = act.data["giver"] or desks.account_of(act.viewer)
    taker = act.data["taker"]
    if giver.pk != act.viewer.user and not act.viewer.may(OVERSEE):
        raise Refused(
            "填写有误", status=422, errors={"giver": ["只能移交本人的工作；他人的由单位管理人员移交"]}
        )
    if giver.pk == taker.pk:
        raise Refused("填写有误", status=422, errors={"taker": ["接收人须为另一人"]})
    desks.refuse_unless(taker, "office.handover.accept", "taker")
    desk = desks.desk_of(taker)
    if giver.pk != act.viewer.user and not act.viewer.covers(desk.region_code):
        raise Refused("填写有误", status=422, errors={"taker": ["接收人不在您的管辖范围内"]})
    if HandOver.objects.unscoped(WHY).filter(giver=giver, state=HandOverState.OFFERED).exists():
        raise Refused(f"{giver}已有待接收的移交，请先撤回")
    lines = listed(giver.pk)
    if not lines:
        raise Refused(f"{giver}名下没有需移交的案件、任务和值班")
    row = HandOver(
        organisation=desk,
        giver=giver,
        taker=taker,
        reason=act.data["reason"][:200],
        offered_at=timezone.now(),
    )
    desks.write(act, row)
    for line in lines:
        line.hand_over = row
    HandOverLine.objects.bulk_create(lines)
    notify(
        [taker, giver],
        "hand_over",
        f"工作移交待接收：{giver} → {taker}，共 {len(lines)} 项",
        body=row.reason,
        link=link(row),
        level="yellow",
        subject=f"hand_over:{row.pk}",
    )
    return f"已列出 {len(lines)} 项，待{taker}接收"


offer = Action(
    "offer",
    "发起移交",
    "Hand over",
    HandOver,
    _offer,
    fields=(
        Input("taker", "接收人", "Taker", kind="reference", reference="authority.Account", required=True),
        Input("reason", "移交原因", "Reason", kind="multiline", required=True),
        Input(
            "giver",
            "移交人",
            "Giver",
            kind="reference",
            reference="authority.Account",
            help="不填为本人；替已离岗人员移交须有管理权限",
        ),
    ),
    on_register=True,
    confirm="将列出移交人名下在办的全部案件、任务和值班；接收人确认后才生效。",
    log="{actor}发起工作移交：接收人{taker}，{reason}",
    permission="office.handover.create",
)


def _for_me(row: HandOver, viewer: Viewer) -> bool:
    return row.state == HandOverState.OFFERED and row.taker_id == viewer.user


def _accept(act: Act) -> str:
    row: HandOver = act.obj
    lines = list(row.lines.select_for_update().order_by("pk"))
    for line in lines:
        line.state = LineState.MOVED if _moved(act, row, line) else LineState.GONE
        line.save()
    _answer(act, HandOverState.ACCEPTED)
    moved = sum(line.state == LineState.MOVED for line in lines)
    gone = len(lines) - moved
    return f"已接收 {moved} 项" + (
        f"；{gone} 项已不在移交人名下，或接收人已在同一班次、同一检查组，未移交" if gone else ""
    )


def _moved(act: Act, row: HandOver, line: HandOverLine) -> bool:
    """Move one thing if it still lies with the giver; what cannot be the taker's twice stays where it is."""
    kind = BELONGINGS[line.kind]
    found = kind.rows(row.giver_id).filter(pk=line.key).select_for_update(of=("self",)).first()
    if found is None:
        return False
    try:
        with transaction.atomic():
            kind.move(act, found, row.giver, row.taker, row.reason)
    except (IntegrityError, Refused):
        return False
    words = f"{act.viewer.name}接收{row.giver}移交的{line.kind_title}{found}"
    trail.record(act.viewer, "office.handover.accept", found, words, reason=row.reason)
    return True


def _answer(act: Act, state: HandOverState) -> None:
    row: HandOver = act.obj
    row.state, row.answered_at, row.words = state, timezone.now(), (act.data["words"] or "")[:300]
    row.save()
    notify(
        [row.giver],
        "hand_over",
        f"工作移交{row.get_state_display()}：{row.taker}",
        body=row.words,
        link=link(row),
        level="blue" if state == HandOverState.ACCEPTED else "yellow",
        subject=f"hand_over:{row.pk}:answer",
    )


accept = Action(
    "accept",
    "接收",
    "Accept",
    HandOver,
    _accept,
    fields=(Input("words", "接收意见", "Words", kind="multiline"),),
    available=_for_me,
    confirm="接收后清单中的案件、任务和值班转到您的名下，期限不变。",
    log="{actor}接收{obj}",
)


def _refuse(act: Act) -> str:
    _answer(act, HandOverState.REFUSED)
    return "已答复不接收，工作仍在移交人名下"


refuse = Action(
    "refuse",
    "不接收",
    "Refuse",
    HandOver,
    _refuse,
    fields=(Input("words", "原因", "Reason", kind="multiline", required=True),),
    available=_for_me,
    log="{actor}不接收{obj}：{words}",
    permission="office.handover.accept",
)


def _withdraw(act: Act) -> str:
    act.obj.state, act.obj.answered_at = HandOverState.WITHDRAWN, timezone.now()
    act.obj.save()
    return "已撤回"


withdraw = Action(
    "withdraw",
    "撤回移交",
    "Withdraw",
    HandOver,
    _withdraw,
    available=lambda row, viewer: (
        row.state == HandOverState.OFFERED and (row.giver_id == viewer.user or viewer.may(OVERSEE))
    ),
    log="{actor}撤回{obj}",
    permission="office.handover.create",
)
