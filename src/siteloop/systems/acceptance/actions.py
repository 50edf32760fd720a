"""The verbs of an application: papers, promises, hand in, accept, ask for corrections, decide."""

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases import locks
from siteloop.foundation.cases.deadlines import due
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.documents import store
from siteloop.foundation.documents.authorities import issuing_for
from siteloop.foundation.documents.models import Document
from siteloop.foundation.files.papers import attaching
from siteloop.foundation.notice.send import notify
from siteloop.foundation.registry.applying import CORRECTION, WITHDRAWAL
from siteloop.framework import events
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.acceptance import after, allocation, commitments, documents, settings
from siteloop.systems.acceptance.models import (
    OPEN,
    Application,
    ApplicationPaper,
    Commitment,
    CommitmentState,
    Officer,
    State,
)

WHY = "an application finds its officer and its authority for whoever acts"
#: posts of the project that get the documents besides the applicant
RECEIVERS = ("builder_leader", "project_manager")
OPINION = Input("opinion", "办理意见", "Opinion", kind="multiline", required=True)


def _handles(row: Application, viewer: Viewer) -> bool:
    """The officer it was given to; where nobody was, whoever holds the right; never who handed it in."""
    if viewer.is_system:
        return True
    if row.submitted_by_id is not None and row.submitted_by_id == viewer.user:
        return False
    return row.officer_id is None or row.officer_id == viewer.user


def missing(row: Application) -> list[str]:
    """Materials of the list that are neither there nor promised."""
    had = {p.title for p in row.papers.all()} | {c.title for c in row.commitments.all()}
    return [m.title for m in settings.materials(row.kind, row.region_code) if m.title not in had]


attach = attaching(
    Application,
    lambda row: ApplicationPaper(application=row),
    missing,
    Application.lies_with,
    "按“材料清单”中的名称填写",
)


def _promise(act: Act) -> str:
    row: Application = act.obj
    title = act.data["title"].strip()
    allowed = [m.title for m in settings.materials(row.kind, row.region_code) if m.may_promise]
    if title not in allowed:
        words = f"可承诺补交的材料：{'、'.join(allowed)}" if allowed else "本地规定该业务没有可承诺补交的材料"
        raise Refused("填写有误", status=422, errors={"title": [words]})
    if row.papers.filter(title=title).exists() or row.commitments.filter(title=title).exists():
        raise Refused("填写有误", status=422, errors={"title": ["该材料已提交或已承诺"]})
    Commitment(
        application=row, title=title, promise=act.data["promise"][:300], promised_at=timezone.now()
    ).save()
    return f"已承诺补交“{title}”，自受理之日起开始倒计时"


promise = Action(
    "promise",
    "承诺补交",
    "Promise for later",
    Application,
    _promise,
    fields=(
        Input("title", "承诺材料", "Paper", required=True, help="仅限材料清单中标明“可承诺”的材料"),
        Input("promise", "承诺内容", "Promise", kind="multiline", required=True),
    ),
    available=Application.lies_with,
    confirm="承诺自受理之日起倒计时，逾期未兑现将自动锁定业务。确定吗？",
    log="{actor}就{obj}承诺补交：{title}",
    permission="acceptance.application.submit",
)


def _submit(act: Act) -> str:
    row: Application = act.obj
    locks.refuse_if_held(f"acceptance.{row.kind}", row.project, row.applicant)
    left = missing(row)
    if left:
        raise Refused(f"材料不齐，尚缺 {len(left)} 项：{'、'.join(left)}。请上传，或对可承诺的材料作出承诺")
    first = row.officer_id is None
    row.state, row.submitted_at, row.submitted_by_id = State.SUBMITTED, timezone.now(), act.viewer.user
    if first:
        _give(row, allocation.choose(row.kind, row.region_code))
    row.save()
    _tell_officer(row)
    desk = f"承办人：{row.officer.display_name}" if row.officer is not None else row.officer_why
    return f"已提交。{desk}"


def _give(row: Application, choice: allocation.Choice) -> None:
    row.officer_why = choice.why
    if choice.officer is not None:
        row.officer = choice.officer.account
        choice.officer.last_given_at = timezone.now()
        choice.officer.save(update_fields=["last_given_at"])


def _tell_officer(row: Application) -> None:
    if row.officer is not None:
        notify(
            [row.officer],
            "application",
            f"新的{row.get_kind_display()}业务：{row.project}",
            body=f"{row.applicant}，{row.matter}。分派说明：{row.officer_why}",
            link=f"/acceptance/applications/{row.pk}/",
            level="blue",
            subject=f"application:{row.pk}:{row.corrections}:{row.officer_id}",
        )


submit = Action(
    "submit",
    "提交申请",
    "Submit",
    Application,
    _submit,
    available=Application.lies_with,
    log="{actor}提交{obj}",
    event="application_submitted",
)


def _withdraw(act: Act) -> str:
    act.obj.state, act.obj.opinion = State.WITHDRAWN, act.data["reason"][:500]
    act.obj.save()
    for promised in act.obj.commitments.filter(state=CommitmentState.PROMISED):
        promised.state = CommitmentState.VOID
        promised.save()
    return "已撤回"


withdraw = Action(
    "withdraw",
    "撤回申请",
    "Withdraw",
    Application,
    _withdraw,
    fields=(WITHDRAWAL,),
    # the applicant's own act: an authority sends back or refuses
    available=lambda row, viewer: row.state in (*OPEN, State.SUBMITTED) and row.applies(viewer),
    confirm="撤回后不再办理，可重新申请。确定吗？",
    danger=True,
    log="{actor}撤回{obj}：{reason}",
)


def authority_of(row: Application, viewer: Viewer) -> Organisation:
    """The body that issues: the one the officer accepts for; else that of who acts. Raises Refused."""
    known = Officer.objects.unscoped(WHY).filter(account=row.officer).select_related("organisation").first()
    return known.organisation if known is not None else issuing_for(viewer, row.region_code)


def _print(act: Act, what: str) -> Document:
    row: Application = act.obj
    document = store.issue(
        act.viewer,
        f"acceptance.{what}",
        documents.composed(what, row),
        authority=authority_of(row, act.viewer),
        region_code=row.region_code,
        project=row.project,
        subject=row,
    )
    store.deliver(document, act.viewer, RECEIVERS)
    notify(
        members(row.applicant),
        "application_document",
        f"{document.title} {document.number}",
        body=f"{row}（{row.project}）",
        link=f"/acceptance/applications/{row.pk}/",
        level="orange" if what in ("correction", "refusal") else "blue",
        subject=f"application_document:{document.pk}",
    )
    return document


def _accept(act: Act) -> str:
    row: Application = act.obj
    row.state, row.accepted_at = State.ACCEPTED, timezone.now()
    term = settings.decide_within(row.project)
    row.due_at = due(row.accepted_at, term) if term else None
    row.save()
    document = _print(act, "accepted")
    row.number = document.number
    row.save()
    started = [
        commitments.start(c, row.accepted_at) for c in row.commitments.filter(state="promised").order_by("pk")
    ]
    return f"已受理：{document.number}" + (f"，{len(started)} 项承诺开始倒计时" if started else "")


accept = Action(
    "accept",
    "受理",
    "Accept",
    Application,
    _accept,
    available=lambda row, viewer: row.state == State.SUBMITTED and _handles(row, viewer),
    confirm="将制作受理通知书；承诺事项自此刻起倒计时。",
    log="{actor}受理{obj}",
    event="application_accepted",
)


def _correct(act: Act) -> str:
    row: Application = act.obj
    row.correction = act.data["correction"].strip()
    row.state, row.corrections = State.CORRECTING, row.corrections + 1
    row.save()
    return f"已一次性告知补正：{_print(act, 'correction').number}"


correct = Action(
    "correct",
    "告知补正",
    "Ask for corrections",
    Application,
    _correct,
    fields=(CORRECTION,),
    available=lambda row, viewer: row.state == State.SUBMITTED and _handles(row, viewer),
    log="{actor}告知{obj}补正：{correction}",
    event="application_returned",
)


def _decide(act: Act, state: State) -> None:
    act.obj.state, act.obj.opinion, act.obj.decided_at = state, act.data["opinion"][:500], timezone.now()
    act.obj.save()


def _grant(act: Act) -> str:
    row: Application = act.obj
    _decide(act, State.GRANTED)
    decision, certificate = _print(act, "decision"), _print(act, "certificate")
    drawn = after.draw(act, certificate)
    events.emit("application_granted", application=row.pk, kind=row.kind, project=row.project_id)
    return f"已准予：{decision.number}，办结证明 {certificate.number}" + (
        f"。抽中事后核查，核查人：{drawn.checker or '主管部门'}" if drawn is not None else ""
    )


grant = Action(
    "grant",
    "准予",
    "Grant",
    Application,
    _grant,
    fields=(OPINION,),
    available=lambda row, viewer: row.state == State.ACCEPTED and _handles(row, viewer),
    confirm="将制作准予决定书和办结证明，并按本地比例抽取事后核查。未兑现的承诺继续倒计时。",
    log="{actor}准予{obj}：{opinion}",
)


def _refuse(act: Act) -> str:
    _decide(act, State.REFUSED)
    return f"已决定不予：{_print(act, 'refusal').number}"


refuse = Action(
    "refuse",
    "不予",
    "Refuse",
    Application,
    _refuse,
    fields=(Input("opinion", "理由及依据", "Reason and basis", kind="multiline", required=True),),
    available=lambda row, viewer: row.state == State.ACCEPTED and _handles(row, viewer),
    confirm="将制作不予决定书。确定吗？",
    danger=True,
    log="{actor}决定不予{obj}：{opinion}",
    event="application_refused",
)


def _reassign(act: Act) -> str:
    row: Application = act.obj
    officer: Officer = act.data["officer"]
    if not getattr(officer, f"does_{row.kind}") or not row.region_code.startswith(officer.region_code):
        raise Refused(
            "填写有误", status=422, errors={"officer": [f"该人员不办理本地的{row.get_kind_display()}业务"]}
        )
    row.officer = officer.account
    row.officer_why = f"由{act.viewer.name}改派：{act.data['reason']}"[:300]
    row.save()
    officer.last_given_at = timezone.now()
    officer.save(update_fields=["last_given_at"])
    _tell_officer(row)
    return f"已改派{officer}"


reassign = Action(
    "reassign",
    "改派",
    "Give to another",
    Application,
    _reassign,
    fields=(
        Input(
            "officer", "受理人员", "Officer", kind="reference", reference="acceptance.Officer", required=True
        ),
        Input("reason", "改派原因", "Reason", kind="multiline", required=True),
    ),
    available=lambda row, viewer: row.state in (State.SUBMITTED, State.CORRECTING, State.ACCEPTED),
    log="{actor}改派{obj}：{reason}",
)
