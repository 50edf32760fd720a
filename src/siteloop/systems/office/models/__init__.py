"""What the office keeps, a file a subject."""

from siteloop.systems.office.models.bulletins import Bulletin, BulletinState, Receipt
from siteloop.systems.office.models.duty import DutyShift, DutySwap, Slot, SwapState
from siteloop.systems.office.models.handing_over import HandOver, HandOverLine, HandOverState, LineState
from siteloop.systems.office.models.leave import LeaveKind, LeaveRequest, LeaveState
from siteloop.systems.office.models.meetings import Meeting, MeetingTask, TaskState
from siteloop.systems.office.models.papers import (
    Asked,
    IncomingPaper,
    Opinion,
    OutgoingPaper,
    Paper,
    PaperState,
    Verdict,
)
from siteloop.systems.office.models.row import OfficeRow
from siteloop.systems.office.models.tickets import Ticket, TicketKind, TicketState

__all__ = (
    "Asked",
    "Bulletin",
    "BulletinState",
    "DutyShift",
    "DutySwap",
    "HandOver",
    "HandOverLine",
    "HandOverState",
    "IncomingPaper",
    "LeaveKind",
    "LeaveRequest",
    "LeaveState",
    "LineState",
    "Meeting",
    "MeetingTask",
    "OfficeRow",
    "Opinion",
    "OutgoingPaper",
    "Paper",
    "PaperState",
    "Receipt",
    "Slot",
    "SwapState",
    "TaskState",
    "Ticket",
    "TicketKind",
    "TicketState",
    "Verdict",
)
