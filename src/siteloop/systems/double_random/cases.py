"""The loop of an order to correct given by a drawn group: the project corrects, the group's leader checks on the spot.

The group bears the single check to its end (DRAND-14, S4:16), so nobody else closes it.
"""

from siteloop.foundation.cases.loop import Circle, Go, Loop, Outcome, Owner, Phase, Step
from siteloop.foundation.cases.titles import RULE_TITLES

PROBLEMS = "double_random.problems"
RULE_TITLES[PROBLEMS] = "双随机抽查责令改正"

PASSED = "核查通过"
AGAIN = "核查不通过，重新整改"
OVERDUE = "逾期未整改"

MANAGER = Owner("post", "project_manager", "项目经理", "project manager")
CONTRACTOR = Owner("party", "contractor", "整改单位（施工单位）", "rectifying unit")
BUILDER = Owner("party", "builder", "建设单位", "builder")
LEADER = Owner("group", "leader", "检查组组长", "leader of the group")
BODY = Owner("department", "supervision_body", "监督机构", "supervision body")
AUTHORITY = Owner("department", "county_authority", "县级主管部门", "county authority")


def _dispose(code: str, title: str, title_en: str, circle: Circle, to: str, late: str) -> Step:
    return Step(
        code,
        title,
        title_en,
        circle,
        Phase.DISPOSE,
        MANAGER,
        {Outcome.REPLY: Go(to), Outcome.OVERDUE: Go(late, OVERDUE), Outcome.REFUSE: Go(late, OVERDUE)},
        informed=(CONTRACTOR,) if circle is Circle.SMALL else (CONTRACTOR, BUILDER, BODY, AUTHORITY),
        deadline="double_random.correct_within",
        evidence=True,
    )


def _verify(code: str, title: str, title_en: str, circle: Circle) -> Step:
    return Step(
        code,
        title,
        title_en,
        circle,
        Phase.VERIFY,
        LEADER,
        {
            Outcome.PASS: Go(None, PASSED),
            Outcome.FAIL: Go("again", AGAIN),
            Outcome.OVERDUE: Go(code),
        },
        informed=(MANAGER, BODY),
        deadline="double_random.recheck_within",
    )


LOOPS = (
    Loop(
        code="double_random_order",
        system="double_random",
        title="双随机责令改正",
        title_en="Double-random order",
        opens_on=(PROBLEMS,),
        steps=(
            _dispose("correct", "责任主体整改", "project corrects", Circle.SMALL, "recheck", "again"),
            _verify("recheck", "检查组复查", "group re-checks", Circle.SMALL),
            _dispose("again", "重新整改", "corrects again", Circle.MEDIUM, "recheck_again", "again"),
            _verify("recheck_again", "检查组再次复查", "group re-checks again", Circle.MEDIUM),
        ),
        fallback=BODY,
    ),
)
