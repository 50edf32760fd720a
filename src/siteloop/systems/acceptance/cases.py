"""The 30-day commitment as a loop over the one case engine (BIZ-02, BIZ-03).

A promise belongs to the engine because it is the engine's matter: an owner, a deadline that fires to the minute, evidence, a
check, an escalation. The days run from the acceptance, whatever happens between; run out, the applicant's business locks until the
promise is proven kept. The application itself is no fault of anybody and stays a row with its acts.
"""

from typing import Any

from siteloop.foundation.cases.loop import Circle, Go, Loop, Outcome, Owner, Phase, Step
from siteloop.foundation.cases.titles import RULE_TITLES

COMMITMENT = "acceptance.commitment"
RULE_TITLES[COMMITMENT] = "承诺事项兑现"

KEPT = "承诺已兑现"
AGAIN = "核验不通过，继续兑现"
LOCKED = "逾期未兑现，业务锁定"
VOID = "void"  # not a step: what a commitment follows when its case is cancelled

APPLICANT = Owner("acceptance_applicant", "", "申请单位", "applicant")
OFFICER = Owner("acceptance_officer", "", "承办人", "officer")
AUTHORITY = Owner("department", "county_authority", "县级主管部门", "county authority")


def _moved(case: Any, step: Step | None) -> None:
    from siteloop.systems.acceptance import commitments

    commitments.follow(case, step.code if step is not None else "")


def _cancelled(case: Any, reason: str) -> None:
    from siteloop.systems.acceptance import commitments

    commitments.follow(case, VOID, reason)


def _check(code: str, back: str, circle: Circle) -> Step:
    return Step(
        code,
        "核验",
        "check",
        circle,
        Phase.VERIFY,
        OFFICER,
        {Outcome.PASS: Go(None, KEPT), Outcome.FAIL: Go(back, AGAIN), Outcome.OVERDUE: Go(code)},
        informed=(APPLICANT, AUTHORITY),
        deadline="acceptance.verify",
    )


LOOPS = (
    Loop(
        code="acceptance_commitment",
        system="acceptance",
        title="承诺事项倒计时",
        title_en="Commitments",
        opens_on=(COMMITMENT,),
        source="manual",
        moved=_moved,
        cancelled=_cancelled,
        steps=(
            Step(
                "fulfil",
                "兑现承诺",
                "keep the promise",
                Circle.SMALL,
                Phase.DISPOSE,
                APPLICANT,
                {Outcome.REPLY: Go("verify"), Outcome.OVERDUE: Go("locked", LOCKED)},
                informed=(OFFICER,),
                deadline="acceptance.commitment",
                clock="case",
                evidence=True,
            ),
            _check("verify", "fulfil", Circle.SMALL),
            Step(
                "locked",
                "兑现承诺（业务锁定）",
                "keep the promise (locked)",
                Circle.MEDIUM,
                Phase.DISPOSE,
                APPLICANT,
                {Outcome.REPLY: Go("verify_locked")},
                informed=(OFFICER, AUTHORITY),
                evidence=True,
            ),
            _check("verify_locked", "locked", Circle.MEDIUM),
        ),
    ),
)
