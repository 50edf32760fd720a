"""Problem feedback: reported from where it was met, given to a post and a person, answered, and judged by who reported."""

import datetime as dt

from django.utils import timezone
from django.utils.http import urlencode

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import posts_of
from siteloop.foundation.cases.deadlines import Term, due
from siteloop.foundation.files.named import picked
from siteloop.foundation.notice.send import notify
from siteloop.foundation.packs import resolve
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.office import desks
from siteloop.systems.office.models import Ticket, TicketKind, TicketState

ASSIGN = "office.ticket.assign"
TERM = "office.ticket_answer"


def link(row: Ticket) -> str:
    """Where a ticket is opened."""
    return f"/office/tickets/{row.pk}/"


def form_for(viewer: Viewer, page: str) -> str:
    """Where a problem with the page at that address is reported; "" for who may not report."""
    if not viewer.may("office.ticket.create"):
        return ""
    return f"/office/tickets/actions/report?{urlencode({'page': page[:200]})}"


def _tell(row: Ticket, people: list[Account], title: str, body: str, turn: str, level: str = "blue") -> None:
    notify(
        people,
        "ticket",
        f"{title}：{row}",
        body=body,
        link=link(row),
        level=level,
        subject=f"ticket:{row.pk}:{row.reopened}:{turn}",
    )


def _report(act: Act) -> str:
    reporter = desks.account_of(act.viewer)
    desk = desks.desk_of(reporter)
    row = Ticket(
        organisation=desk,
        kind=act.data["kind"],
        what=act.data["what"].strip()[:500],
        page=(act.data["page"] or "").strip()[:200],
        reporter=reporter,
        reported_at=timezone.now(),
    )
    desks.write(act, row)
    row.screenshots.set(picked(act, "screenshots", None, row.region_code))
    deciders = desks.deciders(desk, ASSIGN)
    _tell(row, deciders, f"新的问题反馈（{row.get_kind_display()}）", f"{reporter}，{row.page}", "new")
    return f"已提交，编号 {row.pk}；分派责任人后会通知您"


report = Action(
    "report",
    "反馈问题",
    "Report a problem",
    Ticket,
    _report,
    fields=(
        Input("kind", "类别", "Kind", kind="choice", required=True, choices=tuple(TicketKind.choices)),
        Input(
            "what", "问题", "Problem", kind="multiline", required=True, help="做了什么、看到什么、应当怎样"
        ),
        Input("page", "所在页面", "Page", help="复制浏览器地址栏的地址"),
        Input("screenshots", "截图", "Screenshots", kind="files"),
    ),
    on_register=True,
    log="{actor}反馈问题：{what}",
    permission="office.ticket.create",
)


def _due_on(row: Ticket) -> dt.date | None:
    stated = resolve.value(TERM, row.region_code)
    if not stated:
        return None
    # a term of days ends at midnight: its last day is the one before
    end = due(timezone.now(), Term.of(stated)).astimezone(SHANGHAI)
    return (end - dt.timedelta(seconds=1)).date()


def _assign(act: Act) -> str:
    row: Ticket = act.obj
    owner: Account = act.data["owner"]
    posts = posts_of(owner)
    if not posts:
        raise Refused("填写有误", status=422, errors={"owner": ["该账号没有有效岗位"]})
    desks.refuse_unless(owner, "office.ticket.answer", "owner")
    row.owner, row.post = owner, f"{posts[0].organisation} {posts[0].title or posts[0].role}"[:60]
    row.state, row.due_on = TicketState.ASSIGNED, _due_on(row)
    row.save()
    until = f"请于 {row.due_on} 前答复" if row.due_on else ""
    _tell(row, [owner], "请处理问题反馈", until, f"assigned:{owner.pk}", "yellow")
    _tell(row, [row.reporter], "您反馈的问题已分派", row.post, f"told:{owner.pk}")
    return f"已分派{row.post} {owner}" + (f"，期限 {row.due_on}" if row.due_on else "")


assign = Action(
    "assign",
    "定岗定人",
    "Assign",
    Ticket,
    _assign,
    fields=(
        Input("owner", "责任人", "Owner", kind="reference", reference="authority.Account", required=True),
    ),
    available=lambda row, viewer: row.state in (TicketState.REPORTED, TicketState.ASSIGNED),
    log="{actor}将{obj}分派给{owner}",
)


def _answer(act: Act) -> str:
    row: Ticket = act.obj
    row.answer, row.answered_at = act.data["answer"].strip()[:2000], timezone.now()
    row.state = TicketState.ANSWERED
    row.save()
    _tell(row, [row.reporter], "您反馈的问题已答复", row.answer[:200], "answered")
    return "已答复，待反馈人评价"


answer = Action(
    "answer",
    "答复",
    "Answer",
    Ticket,
    _answer,
    fields=(Input("answer", "答复", "Answer", kind="multiline", required=True, help="写明原因和处理结果"),),
    available=lambda row, viewer: row.state == TicketState.ASSIGNED and row.owner_id == viewer.user,
    log="{actor}答复{obj}",
)


def _judges(row: Ticket, viewer: Viewer) -> bool:
    return row.state == TicketState.ANSWERED and row.reporter_id == viewer.user


def _rate(act: Act) -> str:
    row: Ticket = act.obj
    row.rating, row.rated_words = int(act.data["rating"]), (act.data["words"] or "")[:300]
    row.state, row.solved_at = TicketState.SOLVED, timezone.now()
    row.save()
    return "谢谢评价，问题已解决"


rate = Action(
    "rate",
    "已解决并评价",
    "Solved, rate it",
    Ticket,
    _rate,
    fields=(
        Input(
            "rating",
            "评价",
            "Rating",
            kind="choice",
            required=True,
            choices=(
                ("5", "5 很满意"),
                ("4", "4 满意"),
                ("3", "3 一般"),
                ("2", "2 不满意"),
                ("1", "1 很不满意"),
            ),
        ),
        Input("words", "评价意见", "Words", kind="multiline"),
    ),
    available=_judges,
    log="{actor}评价{obj}：{rating}",
    permission="office.ticket.create",
)


def _reopen(act: Act) -> str:
    row: Ticket = act.obj
    row.state, row.reopened, row.due_on = TicketState.ASSIGNED, row.reopened + 1, _due_on(row)
    row.save()
    people = [row.owner] if row.owner is not None else []
    _tell(row, people, "问题未解决，请重新处理", act.data["reason"], "reopened", "orange")
    return "已退回责任人重新处理"


reopen = Action(
    "reopen",
    "未解决",
    "Not solved",
    Ticket,
    _reopen,
    fields=(Input("reason", "还存在的问题", "What is left", kind="multiline", required=True),),
    available=_judges,
    log="{actor}退回{obj}：{reason}",
    permission="office.ticket.create",
)
