"""A department that lets its time run out, as a loop over the one case engine.

The opinion itself is nobody's fault and stays a row with its acts; only its lateness is a case: the department is urged, then
supervised by the lead. The machine closes it in the moment the opinion is there, and nobody can close it before.
"""

from typing import Any

from siteloop.foundation.cases.loop import Circle, Go, Loop, Owner, Verdict
from siteloop.foundation.cases.rounds import Half, round_of
from siteloop.foundation.cases.titles import RULE_TITLES

OVERDUE = "joint_acceptance.overdue"
RULE_TITLES[OVERDUE] = "联合验收部门意见逾期"

GIVEN = "部门意见已出具"
NOT_YET = "部门意见仍未出具"
SUPERVISED = "催办逾期，牵头部门督办"

DEPARTMENT = Owner("joint_department", "", "参验部门", "department")
LEAD = Owner("joint_lead", "", "牵头部门", "lead")


def _check(case: Any) -> Verdict:
    from siteloop.systems.joint_acceptance import overdue

    return overdue.check(case)


def _urge(code: str, title: str, title_en: str, key: str = "") -> Half:
    return Half(code, title, title_en, DEPARTMENT, (LEAD,), key, clock="case")


def _verify(code: str) -> Half:
    return Half(code, "核对意见", "check the opinion", LEAD, (DEPARTMENT,))


LOOPS = (
    Loop(
        code="joint_acceptance_overdue",
        system="joint_acceptance",
        title="联合验收逾期催办",
        title_en="Late joint acceptance",
        opens_on=(OVERDUE,),
        source="manual",
        check=_check,
        machine_passes_alone=True,
        steps=(
            *round_of(
                Circle.MEDIUM,
                _urge("urge", "限期出具意见", "give the opinion", "joint_acceptance.urge"),
                _verify("verify"),
                passed=GIVEN,
                failed=NOT_YET,
                late=Go("supervise", SUPERVISED),
            ),
            *round_of(
                Circle.LARGE,
                _urge("supervise", "督办出具意见", "give the opinion, supervised"),
                _verify("verify_supervised"),
                passed=GIVEN,
                failed=NOT_YET,
            ),
        ),
    ),
)
