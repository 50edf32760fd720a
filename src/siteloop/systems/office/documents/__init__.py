"""The office's printed documents: outgoing papers and the minutes of case conferences."""

from siteloop.foundation.documents.kind import Block, Content, Facts, Grid, Head, Kind, Signs, Text
from siteloop.kernel.times import SHANGHAI
from siteloop.systems.office.models import Meeting, OutgoingPaper

WHY = "a document that is issued anew is composed from its record"


def _paragraphs(text: str) -> list[Block]:
    return [Text(line.strip()) for line in text.splitlines() if line.strip()]


def outgoing(paper: OutgoingPaper) -> Content:
    """An outgoing paper: its title, then what was written, line by line."""
    title = Text(paper.title, indent=False, bold=True, align="center")
    return Content(paper.addressee, (title, *_paragraphs(paper.body)), paper.copies_to)


def minutes(meeting: Meeting) -> Content:
    """会商纪要: who and where, the cases, what was said, who does what by when."""
    people = "、".join(str(a) for a in meeting.attendees.order_by("pk"))
    blocks: list[Block] = [
        Facts(
            (
                ("会议主题", meeting.title),
                ("时间", f"{meeting.held_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"),
                ("地点", meeting.place or "—"),
                ("主持人", str(meeting.chair)),
                ("参会人员", "；".join(filter(None, (people, meeting.guests)))),
            )
        )
    ]
    cases = [(c.number, c.title) for c in meeting.cases.order_by("pk")]
    if cases:
        blocks += [Head("会商案件"), Grid(("派单编号", "案件"), tuple(cases), (2, 5))]
    blocks += [Head("会商情况"), *_paragraphs(meeting.minutes)]
    tasks = [
        (t.what, str(t.owner), f"{t.due_on}") for t in meeting.tasks.select_related("owner").order_by("pk")
    ]
    if tasks:
        blocks += [Head("议定事项"), Grid(("事项", "责任人", "期限"), tuple(tasks), (5, 1.4, 1.6))]
    return Content("", (*blocks, Signs(("主持人",))))


def _outgoing_anew(key: int) -> Content:
    return outgoing(OutgoingPaper.objects.unscoped(WHY).get(pk=key))


def _minutes_anew(key: int) -> Content:
    return minutes(Meeting.objects.unscoped(WHY).select_related("chair").get(pk=key))


KINDS = (
    Kind("office.notice", "office", "通知", "Notice", "办通", _outgoing_anew),
    Kind("office.letter", "office", "函", "Letter", "办函", _outgoing_anew),
    Kind("office.report", "office", "报告", "Report", "办报", _outgoing_anew),
    Kind("office.minutes", "office", "案件会商纪要", "Minutes of a case conference", "会纪", _minutes_anew),
)
