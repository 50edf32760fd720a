"""A round: what is owed is done by one and checked by another, until the check passes.

Loops are mostly made of it: one round in time and, when its days have run out, the same round again under supervision (督办).
"""

from dataclasses import dataclass

from siteloop.foundation.cases.loop import Circle, Go, Outcome, Owner, Phase, Step


@dataclass(frozen=True)
class Half:
    """The doing or the checking of a round: whose it is, who is told, and by when (a pack's key; "" never falls due)."""

    code: str
    title: str
    title_en: str
    owner: Owner
    informed: tuple[Owner, ...] = ()
    deadline: str = ""
    clock: str = "step"
    evidence: bool = False

    def step(self, circle: Circle, phase: Phase, on: dict[Outcome, Go]) -> Step:
        """The half as a step of a loop."""
        return Step(
            self.code,
            self.title,
            self.title_en,
            circle,
            phase,
            self.owner,
            on,
            informed=self.informed,
            deadline=self.deadline,
            evidence=self.evidence,
            clock=self.clock,
        )


def round_of(
    circle: Circle, doing: Half, checking: Half, *, passed: str, failed: str, late: Go | None = None
) -> tuple[Step, Step]:
    """Both steps of a round. A check that passes closes the case, one that fails has it done again; `late` is where the case
    goes when the doing has run out. A check that runs out is urged and stays where it is.
    """
    done = {Outcome.REPLY: Go(checking.code)}
    if late is not None:
        done[Outcome.OVERDUE] = late
    checked = {Outcome.PASS: Go(None, passed), Outcome.FAIL: Go(doing.code, failed)}
    if checking.deadline:
        checked[Outcome.OVERDUE] = Go(checking.code)
    return doing.step(circle, Phase.DISPOSE, done), checking.step(circle, Phase.VERIFY, checked)
