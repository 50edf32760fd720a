"""What double random keeps: who may be drawn, what is checked, each draw with its proof, and what became of it."""

from siteloop.systems.double_random.models.draws import WHY_NUMBER, Draw, DrawState, FrozenLists
from siteloop.systems.double_random.models.people import Inspector, Leave, Recusal, RecusalKind, Speciality
from siteloop.systems.double_random.models.plans import (
    QUARTERS,
    CheckPlan,
    ItemLine,
    ItemList,
    LineSubject,
    ListKind,
    PlanState,
)
from siteloop.systems.double_random.models.tasks import (
    CheckLine,
    CheckTask,
    Demerit,
    Publication,
    PublicationKind,
    TaskState,
)

__all__ = (
    "QUARTERS",
    "WHY_NUMBER",
    "CheckLine",
    "CheckPlan",
    "CheckTask",
    "Demerit",
    "Draw",
    "DrawState",
    "FrozenLists",
    "Inspector",
    "ItemLine",
    "ItemList",
    "Leave",
    "LineSubject",
    "ListKind",
    "PlanState",
    "Publication",
    "PublicationKind",
    "Recusal",
    "RecusalKind",
    "Speciality",
    "TaskState",
)
