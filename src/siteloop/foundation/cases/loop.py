"""Loop: how one kind of case runs through its circles, declared as data. The engine knows no trade word.

A loop is a set of steps; each step has one owner, a deadline and, per outcome, where the case goes and which words it shows.
The words are the authority's own and are never translated or rephrased (requirements Appendix B.1).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Circle(StrEnum):
    """小闭环 site self-governance, 中闭环 government-enterprise, 大闭环 cross-department (DISP-01)."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Phase(StrEnum):
    """发现 - 处置 - 核查 (DISP-03)."""

    FIND = "find"
    DISPOSE = "dispose"
    VERIFY = "verify"


class Outcome(StrEnum):
    """What can happen to a case at a step."""

    REPLY = "reply"  # the owner says it is done
    REFUSE = "refuse"  # the owner will not do it
    PASS = "pass"  # noqa: S105 - the check's verdict
    FAIL = "fail"
    OVERDUE = "overdue"
    TRANSFER = "transfer"  # handed on by decision of a person


@dataclass(frozen=True)
class Owner:
    """Who a step belongs to. `by` says how the receiver is found.

    post: the account holding that post in the project · party: the project's party of that kind ·
    department: the nearest organisation of that kind over the case's region, town first ·
    any other word: a way that a system added to `receivers.FINDERS`.
    """

    by: str  # post | party | department | a key of receivers.FINDERS
    kind: str
    title: str
    title_en: str = ""


@dataclass(frozen=True)
class Go:
    """Where an outcome leads. `to` None closes the case."""

    to: str | None
    words: str = ""
    push_basis: bool = False  # send opinion and regulations along (DISP-07)
    restart_clock: bool = True


@dataclass(frozen=True)
class Step:
    """One stand of a case."""

    code: str
    title: str
    title_en: str
    circle: Circle
    phase: Phase
    owner: Owner
    on: dict[Outcome, Go]
    informed: tuple[Owner, ...] = ()
    deadline: str = (
        ""  # key of the pack value {"amount", "unit": "hour|day|minute", "counts": "working|calendar"}
    )
    evidence: bool = False  # a reply needs a photo or paper
    clock: str = (
        "step"  # the deadline runs from the start of the step | case: of the case, extensions granted added
    )


@dataclass(frozen=True)
class Verdict:
    """What the machine says when asked whether the fault is gone. `passed` None: it cannot tell."""

    passed: bool | None
    message: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class LegalBasis:
    """The clause a case rests on; `verified` False is shown as 未核实."""

    instrument: str
    clause: str
    text: str
    fine_low: int | None = None  # yuan
    fine_high: int | None = None
    verified: bool = False
    pack_key: str = ""  # regional override in the packs


@dataclass(frozen=True)
class Loop:
    """One declaration over the one engine."""

    code: str
    system: str
    title: str
    title_en: str
    steps: tuple[Step, ...]
    opens_on: tuple[str, ...] = ()  # rule codes whose findings open this loop
    basis: tuple[LegalBasis, ...] = ()
    check: Callable[[Any], Verdict] | None = None  # asked on a reply and again while a check is open
    machine_fails_alone: bool = True  # a machine that sees the fault again needs no person to say no
    machine_passes_alone: bool = False  # the check is manual and automatic together (DISP-05)
    #: a detector says itself when the fault is over; otherwise the finding ends with its case
    watched: bool = False
    recurs_within: str = ""  # pack value in days: the fault again within it reopens the case
    source: str = "finding"  # of its cases: finding | manual | complaint | inspection
    #: told inside the transaction when a case enters a step, and with None when it is closed
    moved: Callable[[Any, "Step | None"], None] | None = None
    #: told inside the transaction, with the reason, when a case is cancelled: what it held or locked is given free
    cancelled: Callable[[Any, str], None] | None = None
    fallback: Owner = field(
        default_factory=lambda: Owner("department", "county_authority", "县级主管部门", "county authority")
    )

    def step(self, code: str) -> Step:
        """Raises KeyError for a step the loop does not have."""
        for step in self.steps:
            if step.code == code:
                return step
        raise KeyError(code)

    @property
    def first(self) -> Step:
        """Where a new case stands."""
        return self.steps[0]


def problems(loop: Loop) -> list[str]:
    """What is wrong with a declaration: unknown targets, steps nobody reaches, a disposal that cannot fall due."""
    codes = {s.code for s in loop.steps}
    reached = {loop.first.code} | {go.to for s in loop.steps for go in s.on.values() if go.to}
    found = [f"{loop.code}: unknown step {code}" for code in sorted(reached - codes)]
    found += [f"{loop.code}: nothing leads to {code}" for code in sorted(codes - reached)]
    for step in loop.steps:
        if step.phase is Phase.DISPOSE and Outcome.REPLY not in step.on:
            found.append(f"{loop.code}.{step.code}: a disposal without a reply")
        if step.phase is Phase.VERIFY and not {Outcome.PASS, Outcome.FAIL} <= set(step.on):
            found.append(f"{loop.code}.{step.code}: a check needs pass and fail")
        if step.deadline and Outcome.OVERDUE not in step.on:
            found.append(f"{loop.code}.{step.code}: a deadline that leads nowhere")
    if not any(go.to is None for s in loop.steps for go in s.on.values()):
        found.append(f"{loop.code}: cannot be closed")
    return found
