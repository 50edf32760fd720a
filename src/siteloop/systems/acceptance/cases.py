"""The 30-day commitment and the after-check as loops over the one case engine (BIZ-02, BIZ-03, BIZ-05).

A promise belongs to the engine because it is the engine's matter: an owner, a deadline that fires to the minute, evidence, a
check, an escalation. The days run from the acceptance, whatever happens between; run out, the applicant's business locks until the
promise is proven kept. The application itself is no fault of anybody and stays a row with its acts.
"""

from typing import Any

from siteloop.foundation.cases.loop import Circle, Go, Loop, Outcome, Owner, Phase, Step
from siteloop.foundation.cases.rounds import Half, round_of
from siteloop.foundation.cases.titles import RULE_TITLES

COMMITMENT = "acceptance.commitment"
AFTER_CHECK = "acceptance.after_check"
RULE_TITLES.update({COMMITMENT: "承诺事项兑现", AFTER_CHECK: "业务事后核查"})

KEPT = "承诺已兑现"
AGAIN = "核验不通过，继续兑现"
LOCKED = "逾期未兑现，业务锁定"
CHECK_PASSED = "核查合格"
CHECK_FAILED = "核查不合格，限期整改"
MENDED = "整改合格"
NOT_MENDED = "复查不合格，继续整改"
VOID = "void"  # not a step: what a record follows when its case is cancelled

APPLICANT = Owner("acceptance_applicant", "", "申请单位", "applicant")
OFFICER = Owner("acceptance_officer", "", "承办人", "officer")
CHECKED = Owner("acceptance_checked", "", "申请单位", "applicant")
CHECKER = Owner("acceptance_checker", "", "核查人", "checker")
AUTHORITY = Owner("department", "county_authority", "县级主管部门", "county authority")

#: what a look at the site may say
FOUND = {Outcome.PASS: Go(None, CHECK_PASSED), Outcome.FAIL: Go("mend", CHECK_FAILED)}


def _moved(case: Any, step: Step | None) -> None:
    from siteloop.systems.acceptance import commitments

    commitments.follow(case, step.code if step is not None else "")


def _cancelled(case: Any, reason: str) -> None:
    from siteloop.systems.acceptance import commitments

    commitments.follow(case, VOID, reason)


def _checked(case: Any, step: Step | None) -> None:
    from siteloop.systems.acceptance import after

    after.follow(case, step.code if step is not None else "")


def _check_cancelled(case: Any, reason: str) -> None:
    from siteloop.systems.acceptance import after

    after.follow(case, VOID, reason)


def _look(code: str, title: str, title_en: str, circle: Circle, key: str = "") -> Half:
    informed = (CHECKED,) if circle is Circle.SMALL else (CHECKED, AUTHORITY)
    return Half(code, title, title_en, CHECKER, informed, key)


def _mend(code: str, title: str, title_en: str, circle: Circle, key: str = "") -> Half:
    informed = (CHECKER,) if circle is Circle.SMALL else (CHECKER, AUTHORITY)
    return Half(code, title, title_en, CHECKED, informed, key, evidence=True)


def _check(code: str) -> Half:
    return Half(code, "核验", "check", OFFICER, (APPLICANT, AUTHORITY), "acceptance.verify")


COMMITMENT_LOOP = Loop(
    code="acceptance_commitment",
    system="acceptance",
    title="承诺事项倒计时",
    title_en="Commitments",
    opens_on=(COMMITMENT,),
    source="manual",
    moved=_moved,
    cancelled=_cancelled,
    steps=(
        *round_of(
            Circle.SMALL,
            Half(
                "fulfil",
                "兑现承诺",
                "keep the promise",
                APPLICANT,
                (OFFICER,),
                "acceptance.commitment",
                clock="case",
                evidence=True,
            ),
            _check("verify"),
            passed=KEPT,
            failed=AGAIN,
            late=Go("locked", LOCKED),
        ),
        *round_of(
            Circle.MEDIUM,
            Half(
                "locked",
                "兑现承诺（业务锁定）",
                "keep the promise (locked)",
                APPLICANT,
                (OFFICER, AUTHORITY),
                evidence=True,
            ),
            _check("verify_locked"),
            passed=KEPT,
            failed=AGAIN,
        ),
    ),
)

CHECK_LOOP = Loop(
    code="acceptance_after_check",
    system="acceptance",
    title="业务事后核查闭环",
    title_en="After-checks of granted business",
    opens_on=(AFTER_CHECK,),
    source="manual",
    moved=_checked,
    cancelled=_check_cancelled,
    steps=(
        _look("check", "现场核查", "check on the site", Circle.SMALL, "acceptance.check").step(
            Circle.SMALL,
            Phase.VERIFY,
            {**FOUND, Outcome.OVERDUE: Go("check_late", "逾期未核查，上级督办")},
        ),
        *round_of(
            Circle.SMALL,
            _mend("mend", "整改", "put right", Circle.SMALL, "acceptance.check_mend"),
            _look("recheck", "复查", "re-check", Circle.SMALL, "acceptance.recheck"),
            passed=MENDED,
            failed=NOT_MENDED,
            late=Go("mend_late", "逾期未整改，主管部门督办"),
        ),
        _look("check_late", "现场核查（督办）", "check on the site (supervised)", Circle.MEDIUM).step(
            Circle.MEDIUM, Phase.VERIFY, FOUND
        ),
        *round_of(
            Circle.MEDIUM,
            _mend("mend_late", "整改（督办）", "put right (supervised)", Circle.MEDIUM),
            _look("recheck_late", "复查（督办）", "re-check (supervised)", Circle.MEDIUM),
            passed=MENDED,
            failed=NOT_MENDED,
        ),
    ),
)

LOOPS = (COMMITMENT_LOOP, CHECK_LOOP)
