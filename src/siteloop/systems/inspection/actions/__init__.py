"""What people do: judge lines, finish an inspection, give orders, reply, re-check, ask for time."""

from siteloop.systems.inspection.actions.answering import (
    OPINION,
    RECHECK_PHOTOS,
    ask_extension,
    case_of,
    deny,
    grant,
    recheck_fail,
    recheck_pass,
    reply,
)
from siteloop.systems.inspection.actions.checking import (
    ALL_LINES,
    attach,
    files_of,
    is_open,
    open_items,
    record,
)
from siteloop.systems.inspection.actions.finishing import finish, marks_of, void
from siteloop.systems.inspection.actions.ordering import (
    MEASURE,
    PART,
    POINTS,
    issue,
    order_from_inspection,
    transfer,
    withdraw,
)

__all__ = (
    "ALL_LINES",
    "MEASURE",
    "OPINION",
    "PART",
    "POINTS",
    "RECHECK_PHOTOS",
    "ask_extension",
    "attach",
    "case_of",
    "deny",
    "files_of",
    "finish",
    "grant",
    "is_open",
    "issue",
    "marks_of",
    "open_items",
    "order_from_inspection",
    "recheck_fail",
    "recheck_pass",
    "record",
    "reply",
    "transfer",
    "void",
    "withdraw",
)
