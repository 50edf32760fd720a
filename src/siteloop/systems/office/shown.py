"""What the desk shows beside the office's rows, and the columns that are counted."""

from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q

from siteloop.framework.language import pick
from siteloop.framework.viewer import Viewer
from siteloop.systems.office import bulletins, leave, papers
from siteloop.systems.office.models import (
    Bulletin,
    HandOver,
    LeaveRequest,
    LeaveState,
    Meeting,
    MeetingTask,
    Paper,
    Receipt,
    Ticket,
)

WHY = "a person who was told sees who else was"


def with_readers(rows: Any) -> Any:
    """Counts of receipts, for the list."""
    return rows.annotate(
        told=Count("receipts", distinct=True),
        has_read=Count("receipts", filter=Q(receipts__read_at__isnull=False), distinct=True),
    )


def readers(row: Any) -> str:
    """Column: read of told."""
    return f"{row.has_read}/{row.told}" if row.told else ""


def with_absence(rows: Any) -> Any:
    """Whether the person on duty is away that day, asked of the leave."""
    away = LeaveRequest.objects.unscoped(WHY).filter(
        account=OuterRef("account"),
        state=LeaveState.APPROVED,
        from_on__lte=OuterRef("on"),
        ends_on__gte=OuterRef("on"),
    )
    return rows.annotate(is_away=Exists(away))


def uncovered(row: Any) -> str:
    """Column: a shift that somebody else must take."""
    return pick("请假，须换班", "away, must be swapped") if row.is_away else ""


def with_lines(rows: Any) -> Any:
    """Counts of lines, for the list."""
    return rows.annotate(lines_listed=Count("lines"))


def lines_column(row: Any) -> int:
    """Column: how many things were listed."""
    return int(row.lines_listed)


def with_tasks(rows: Any) -> Any:
    """Counts of conclusions, for the list."""
    return rows.annotate(
        task_count=Count("tasks", distinct=True),
        task_open=Count("tasks", filter=Q(tasks__state__in=("open", "planned")), distinct=True),
    )


def tasks_column(row: Any) -> str:
    """Column: open of all conclusions."""
    return (
        pick(f"{row.task_count} 项，未完成 {row.task_open}", f"{row.task_open} of {row.task_count} open")
        if row.task_count
        else ""
    )


def receipts(row: Bulletin, viewer: Viewer) -> dict[str, Any]:
    """Who has read, who has not."""
    found = Receipt.objects.unscoped(WHY).filter(bulletin=row).select_related("account")
    ordered = list(found.order_by(F("read_at").asc(nulls_last=True), "pk"))
    waiting = [r for r in ordered if r.read_at is None]
    return {
        "read": [r for r in ordered if r.read_at is not None],
        "waiting": waiting,
        "is_draft": row.state == "draft",
        "mine": any(r.account_id == viewer.user for r in waiting),
        "link": bulletins.link(row),
        "body": row.body,
    }


def opinions(paper: Paper, viewer: Viewer) -> dict[str, Any]:
    """The way of a paper: every turn, and the files."""
    return {
        "turns": list(papers.opinions(paper)),
        "files": list(paper.files.order_by("pk")),
        "document": getattr(paper, "document", None),
        "body": getattr(paper, "body", ""),
    }


def duty(row: LeaveRequest, viewer: Viewer) -> dict[str, Any]:
    """Shifts that fall into the leave."""
    return {"shifts": leave.shifts_of(row)}


def lines(row: HandOver, viewer: Viewer) -> dict[str, Any]:
    """The list of a hand-over."""
    return {"lines": list(row.lines.order_by("pk"))}


def conclusions(row: Meeting, viewer: Viewer) -> dict[str, Any]:
    """Cases, people and conclusions of a conference."""
    return {
        "cases": list(row.cases.order_by("pk")),
        "people": list(row.attendees.order_by("pk")),
        "tasks": list(row.tasks.select_related("owner", "case").order_by("pk")),
        "document": row.document,
    }


def task_files(row: MeetingTask, viewer: Viewer) -> dict[str, Any]:
    """What proves a task done."""
    return {"files": list(row.files.order_by("pk"))}


def screenshots(row: Ticket, viewer: Viewer) -> dict[str, Any]:
    """What the reporter saw."""
    return {"files": list(row.screenshots.order_by("pk"))}


def page_of(row: Ticket) -> str:
    """The page a ticket is about, where it names one of ours."""
    return row.page if row.page.startswith("/") and not row.page.startswith("//") else ""
