"""Rows of the system, by what they are about."""

from siteloop.systems.supervisor_firms.models.dangers import DangerReport, DangerState
from siteloop.systems.supervisor_firms.models.duty import DutyMonth, Leave, LeaveState, PlaceCheck, Presence
from siteloop.systems.supervisor_firms.models.misconduct import Behaviour, Misconduct, MisconductState
from siteloop.systems.supervisor_firms.models.qualification import (
    FirmCheck,
    FirmCheckLine,
    FirmFile,
    Standard,
    StandardKind,
    Verdict,
)
from siteloop.systems.supervisor_firms.models.reports import ReportKind, ReportState, SupervisionReport
from siteloop.systems.supervisor_firms.models.sides import SideRecord, SideState

__all__ = [
    "Behaviour",
    "DangerReport",
    "DangerState",
    "DutyMonth",
    "FirmCheck",
    "FirmCheckLine",
    "FirmFile",
    "Leave",
    "LeaveState",
    "Misconduct",
    "MisconductState",
    "PlaceCheck",
    "Presence",
    "ReportKind",
    "ReportState",
    "SideRecord",
    "SideState",
    "Standard",
    "StandardKind",
    "SupervisionReport",
    "Verdict",
]
