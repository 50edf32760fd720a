"""Incoming and outgoing papers on their way: circulated with opinions, done or signed, archived."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.authority.models import Account
from siteloop.foundation.cases.receivers import members
from siteloop.foundation.documents import store
from siteloop.foundation.files.named import picked
from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.systems.office import desks, documents
from siteloop.systems.office.models import (
    Asked,
    IncomingPaper,
    Opinion,
    OutgoingPaper,
    Paper,
    PaperState,
    Verdict,
)
from siteloop.systems.office.models.papers import WORKED_ON

WHY = "a paper knows all opinions asked on it"


def opinions(paper: Paper) -> Any:
    """All turns on a paper, in order."""
    side = "incoming" if isinstance(paper, IncomingPaper) else "outgoing"
    return (
        Opinion.objects.unscoped(WHY)
        .filter(**{side: paper})
        .select_related("account", "asked_by")
        .order_by("pk")
    )


def _worked_on(paper: Paper, viewer: Viewer) -> bool:
    return paper.state in WORKED_ON


def _attach(act: Act) -> str:
    found = picked(act, "files", None, act.obj.region_code)
    act.obj.files.add(*found)
    return f"已上传 {len(found)} 个附件"


def _asked(act: Act) -> list[Account]:
    """The one named, or everybody of the unit named; those whose turn is still open are not asked again."""
    people: dict[int, Account] = {}
    give = f"{act.obj._meta.label_lower}.give"
    if act.data["account"] is not None:
        desks.refuse_unless(act.data["account"], give, "account")
        people[act.data["account"].pk] = act.data["account"]
    if act.data["unit"] is not None:
        people |= {a.pk: a for a in members(act.data["unit"]) if desks.may(a, give)}
    if not people:
        raise Refused("填写有误", status=422, errors={"account": ["请填写办理人或单位；单位须有在岗人员"]})
    busy = set(opinions(act.obj).filter(given_at=None).values_list("account_id", flat=True))
    free = [a for key, a in people.items() if key not in busy]
    if not free:
        raise Refused("所选人员都有未办理的意见，不必重复交办")
    return free


def _circulate(act: Act) -> str:
    paper: Paper = act.obj
    due_on = act.data["due_on"]
    if due_on is not None and due_on < timezone.localdate():
        raise Refused("填写有误", status=422, errors={"due_on": ["期限不能早于今天"]})
    people, now = _asked(act), timezone.now()
    side = "incoming" if isinstance(paper, IncomingPaper) else "outgoing"
    for account in people:
        turn = Opinion(
            account=account,
            asked=act.data["asked"],
            asked_by_id=act.viewer.user,
            asked_at=now,
            words=(act.data["words"] or "")[:300],
            due_on=due_on or paper.due_on,
            **{side: paper},
        )
        turn.save()
        _tell(turn)
    if isinstance(paper, IncomingPaper) and act.data["asked"] == Asked.HANDLE and len(people) == 1:
        paper.keeper = people[0]
    paper.state = PaperState.CIRCULATING
    paper.save()
    return f"已交 {len(people)} 人{Asked(act.data['asked']).label}：{'、'.join(str(a) for a in people[:10])}"


def _tell(turn: Opinion) -> None:
    until = f"期限 {turn.due_on}。" if turn.due_on else ""
    notify(
        [turn.account],
        "paper",
        f"请{turn.get_asked_display()}：{turn.paper.title}",
        body=f"{until}{turn.words}",
        link=turn.link,
        level="yellow" if turn.due_on else "blue",
        subject=f"opinion:{turn.pk}",
    )


def _my_turn(paper: Paper, viewer: Viewer) -> bool:
    return paper.state in WORKED_ON and opinions(paper).filter(given_at=None, account_id=viewer.user).exists()


def _give(act: Act) -> str:
    turn = opinions(act.obj).filter(given_at=None, account_id=act.viewer.user).first()
    if turn is None:
        raise Refused("没有请您办理的意见")
    if act.data["verdict"] == Verdict.DISAGREE and not act.data["opinion"]:
        raise Refused("填写有误", status=422, errors={"opinion": ["不同意的须写明理由"]})
    turn.verdict, turn.opinion = act.data["verdict"], (act.data["opinion"] or "")[:500]
    turn.given_at = timezone.now()
    turn.save()
    if not opinions(act.obj).filter(given_at=None).exists():
        _tell_keeper(act.obj)
    return "意见已提交"


def _tell_keeper(paper: Paper) -> None:
    keeper = getattr(paper, "keeper", None)
    people = (
        [keeper] if keeper is not None else [t.asked_by for t in opinions(paper) if t.asked_by is not None]
    )
    count = opinions(paper).count()
    notify(
        people,
        "paper",
        f"意见已收齐：{paper.title}",
        body=f"共 {count} 条意见",
        link=link(paper),
        subject=f"paper:{paper._meta.model_name}:{paper.pk}:{count}",
    )


def link(paper: Paper) -> str:
    """Where a paper is opened."""
    return f"/office/{'incoming' if isinstance(paper, IncomingPaper) else 'outgoing'}/{paper.pk}/"


def _refuse_while_open(paper: Paper) -> None:
    left = [str(t.account) for t in opinions(paper).filter(given_at=None)]
    if left:
        raise Refused(f"还有 {len(left)} 人未办理意见：{'、'.join(left[:10])}")


def _finish(act: Act) -> str:
    paper: IncomingPaper = act.obj
    _refuse_while_open(paper)
    _done(paper, act)
    paper.result = act.data["result"].strip()[:500]
    paper.save()
    return "已办结"


def _done(paper: Paper, act: Act) -> None:
    paper.state, paper.done_at, paper.done_by_id = PaperState.DONE, timezone.now(), act.viewer.user


def _sign(act: Act) -> str:
    paper: OutgoingPaper = act.obj
    _refuse_while_open(paper)
    last = {t.account_id: t for t in opinions(paper)}
    against = [str(t.account) for t in last.values() if t.verdict == Verdict.DISAGREE]
    if against:
        raise Refused(f"{'、'.join(against)}不同意；修改后请其重新会签，再签发")
    document = store.issue(
        act.viewer,
        f"office.{paper.kind}",
        documents.outgoing(paper),
        authority=paper.organisation,
        region_code=paper.region_code,
        subject=paper,
    )
    _done(paper, act)
    paper.document, paper.number = document, document.number
    paper.save()
    return f"已签发：{document.number}"


def _archive(act: Act) -> str:
    act.obj.archive_number = act.obj.take_number("归档")
    act.obj.state, act.obj.archived_at = PaperState.ARCHIVED, timezone.now()
    act.obj.save()
    return f"已归档：{act.obj.archive_number}"


def _verbs(model: type[Paper]) -> dict[str, Action]:
    """The verbs both directions share."""
    return {
        "attach": Action(
            "attach",
            "上传附件",
            "Attach",
            model,
            _attach,
            fields=(Input("files", "附件", "Files", kind="files", required=True),),
            available=_worked_on,
            log="{actor}为{obj}上传附件",
        ),
        "circulate": Action(
            "circulate",
            "交办传阅",
            "Circulate",
            model,
            _circulate,
            fields=(
                Input(
                    "asked", "办理事项", "To do", kind="choice", required=True, choices=tuple(Asked.choices)
                ),
                Input("account", "办理人", "Person", kind="reference", reference="authority.Account"),
                Input(
                    "unit",
                    "或整个单位",
                    "Or a whole unit",
                    kind="reference",
                    reference="authority.Organisation",
                ),
                Input("due_on", "期限", "Due", kind="date", help="不填按公文的办理期限"),
                Input("words", "交办说明", "Words", kind="multiline"),
            ),
            available=_worked_on,
            log="{actor}交办{obj}：{account}{unit}",
        ),
        "give": Action(
            "give",
            "签署意见",
            "Give an opinion",
            model,
            _give,
            fields=(
                Input(
                    "verdict", "结论", "Verdict", kind="choice", required=True, choices=tuple(Verdict.choices)
                ),
                Input("opinion", "意见", "Opinion", kind="multiline"),
            ),
            available=_my_turn,
            log="{actor}对{obj}签署意见：{opinion}",
        ),
        "archive": Action(
            "archive",
            "归档",
            "Archive",
            model,
            _archive,
            available=lambda paper, viewer: paper.state == PaperState.DONE,
            confirm="归档后编归档号，不再变动。",
            log="{actor}归档{obj}",
        ),
    }


INCOMING, OUTGOING = _verbs(IncomingPaper), _verbs(OutgoingPaper)

finish = Action(
    "finish",
    "办结",
    "Done",
    IncomingPaper,
    _finish,
    fields=(Input("result", "办理结果", "Result", kind="multiline", required=True),),
    available=_worked_on,
    log="{actor}办结{obj}：{result}",
)
sign = Action(
    "sign",
    "签发",
    "Sign",
    OutgoingPaper,
    _sign,
    available=lambda paper, viewer: paper.state in WORKED_ON and paper.keeper_id != viewer.user,
    confirm="签发后编文号、制作文书，正文不能再修改。拟稿人不能签发自己的文稿。",
    log="{actor}签发{obj}",
)
