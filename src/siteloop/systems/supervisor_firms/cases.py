"""The loops of the system: a danger the contractor does not mend, a report that is not handed in, a firm below its level.

Danger: the authority itself is on the clock — receipt, then answer; run out, the county's authority takes over. What the
answer orders is put right by the project and re-checked by the firm that reported it.
"""

from typing import Any

from siteloop.foundation.cases.loop import Circle, Go, Loop, Outcome, Owner, Phase, Step, Verdict
from siteloop.foundation.cases.rounds import Half, round_of
from siteloop.foundation.cases.titles import RULE_TITLES

DANGER = "supervisor_firms.danger"
LATE = "supervisor_firms.report_late"
SHORT = "supervisor_firms.qualification"
RULE_TITLES.update({DANGER: "监理隐患报告", LATE: "监理报告逾期未报", SHORT: "监理企业资质不符合要求"})

RECEIVED = "主管部门已签收"
ORDERED = "主管部门责令整改"
UNFOUNDED = "核实不成立"
PASSED = "复查合格"
AGAIN = "复查不合格，重新整改"

MANAGER = Owner("post", "project_manager", "项目经理", "project manager")
CONTRACTOR = Owner("party", "contractor", "施工单位", "contractor")
BUILDER = Owner("party", "builder", "建设单位", "builder")
CHIEF = Owner("post", "chief_supervisor", "总监理工程师", "chief supervisor")
FIRM = Owner("party", "supervisor_firm", "监理单位", "supervisor firm")
OF_FILE = Owner("supervisor_firm_file", "", "监理单位", "supervisor firm")
SITES = Owner("department", "site_supervision", "工地监管部门", "site supervision")
BODY = Owner("department", "supervision_body", "质量安全监督机构", "supervision body")
AUTHORITY = Owner("department", "county_authority", "县级主管部门", "county authority")


def _danger_moved(case: Any, step: Step | None) -> None:
    from siteloop.systems.supervisor_firms import engine

    engine.follow_danger(case, step.code if step is not None else "")


def _report_there(case: Any) -> Verdict:
    from siteloop.systems.supervisor_firms import engine

    return engine.report_there(case)


def _firm_fit(case: Any) -> Verdict:
    from siteloop.systems.supervisor_firms import checking

    return checking.machine(case)


def _firm_moved(case: Any, step: Step | None) -> None:
    from siteloop.systems.supervisor_firms.actions import firms

    if step is None:
        firms.check_again(case)


def _receive(code: str, to: str, owner: Owner, circle: Circle, late: Go) -> Step:
    return Step(
        code,
        "签收监理报告",
        "receive the report",
        circle,
        Phase.DISPOSE,
        owner,
        {Outcome.REPLY: Go(to, RECEIVED), Outcome.OVERDUE: late},
        informed=(BODY, CHIEF) if circle is Circle.MEDIUM else (SITES, BODY, CHIEF),
        deadline="supervisor_firms.receipt",
    )


def _answer(code: str, owner: Owner, circle: Circle, late: Go) -> Step:
    return Step(
        code,
        "核实并答复",
        "look into it and answer",
        circle,
        Phase.DISPOSE,
        owner,
        {Outcome.REPLY: Go("rectify", ORDERED), Outcome.REFUSE: Go(None, UNFOUNDED), Outcome.OVERDUE: late},
        informed=(BODY, CHIEF) if circle is Circle.MEDIUM else (SITES, BODY, CHIEF),
        deadline="supervisor_firms.answer",
    )


def _check(code: str, owner: Owner, *informed: Owner) -> Half:
    return Half(code, "复查", "re-check", owner, informed, "supervisor_firms.check")


DANGER_LOOP = Loop(
    code="supervisor_danger",
    system="supervisor_firms",
    title="监理隐患报告闭环",
    title_en="Danger reports of supervisor firms",
    opens_on=(DANGER,),
    source="manual",
    moved=_danger_moved,
    steps=(
        _receive("receive", "answer", SITES, Circle.MEDIUM, Go("receive_up", "逾期未签收，上级督办")),
        _receive("receive_up", "answer_up", AUTHORITY, Circle.LARGE, Go("receive_up")),
        _answer("answer", SITES, Circle.MEDIUM, Go("answer_up", "逾期未答复，上级督办")),
        _answer("answer_up", AUTHORITY, Circle.LARGE, Go("answer_up")),
        *round_of(
            Circle.MEDIUM,
            Half(
                "rectify",
                "整改",
                "rectify",
                MANAGER,
                (CONTRACTOR, BUILDER, CHIEF, SITES),
                "supervisor_firms.rectify",
                evidence=True,
            ),
            _check("recheck", CHIEF, MANAGER, SITES),
            passed=PASSED,
            failed=AGAIN,
            late=Go("rectify_late", "逾期未整改"),
        ),
        *round_of(
            Circle.LARGE,
            Half(
                "rectify_late",
                "整改（逾期）",
                "rectify (overdue)",
                MANAGER,
                (CONTRACTOR, BUILDER, CHIEF, SITES, BODY, AUTHORITY),
                evidence=True,
            ),
            _check("recheck_late", SITES, MANAGER, CHIEF, AUTHORITY),
            passed=PASSED,
            failed=AGAIN,
        ),
    ),
)

LATE_LOOP = Loop(
    code="supervisor_report_late",
    system="supervisor_firms",
    title="监理报告逾期闭环",
    title_en="Overdue supervision reports",
    opens_on=(LATE,),
    check=_report_there,
    machine_passes_alone=True,
    steps=(
        *round_of(
            Circle.SMALL,
            Half(
                "submit",
                "报送监理报告",
                "hand the report in",
                FIRM,
                (SITES,),
                "supervisor_firms.late_report",
            ),
            _check("check", SITES, FIRM),
            passed=PASSED,
            failed=AGAIN,
            late=Go("submit_late", "催报后仍未报送"),
        ),
        *round_of(
            Circle.MEDIUM,
            Half(
                "submit_late",
                "报送监理报告（督办）",
                "hand the report in (urged)",
                FIRM,
                (SITES, AUTHORITY),
            ),
            _check("check_late", SITES, FIRM, AUTHORITY),
            passed=PASSED,
            failed=AGAIN,
        ),
    ),
)

SHORT_LOOP = Loop(
    code="supervisor_qualification",
    system="supervisor_firms",
    title="监理企业资质整改闭环",
    title_en="Supervisor firms below their level",
    opens_on=(SHORT,),
    check=_firm_fit,
    moved=_firm_moved,
    steps=(
        *round_of(
            Circle.SMALL,
            Half(
                "put_right",
                "限期整改",
                "put right in time",
                OF_FILE,
                (AUTHORITY,),
                "supervisor_firms.put_right",
            ),
            _check("verify", AUTHORITY, OF_FILE),
            passed=PASSED,
            failed=AGAIN,
            late=Go("put_right_late", "逾期仍不符合资质标准"),
        ),
        *round_of(
            Circle.MEDIUM,
            Half("put_right_late", "整改（逾期）", "put right (overdue)", OF_FILE, (AUTHORITY,)),
            _check("verify_late", AUTHORITY, OF_FILE),
            passed=PASSED,
            failed=AGAIN,
        ),
    ),
)

LOOPS = (DANGER_LOOP, LATE_LOOP, SHORT_LOOP)
