"""The loops of orders and penalties, over the one case engine.

Order: the project puts right and replies with photos; the supervision body re-checks. Not settled within the region's
days it turns yellow, then red and locks business (INSP-03, INSP-04; Pinghu 7 and 15 days); a passed re-check closes and
unlocks. The days run from the order, whatever happens between; granted extensions are added.
"""

from typing import Any

from siteloop.foundation.cases.loop import Circle, Go, Loop, Outcome, Owner, Phase, Step
from siteloop.foundation.cases.titles import RULE_TITLES

RECTIFY = "inspection.rectify"
STOP = "inspection.stop"
PENALTY = "inspection.penalty"
RULE_TITLES.update({RECTIFY: "责令整改", STOP: "停工整改", PENALTY: "行政处罚案件"})

PASSED = "复查合格"
AGAIN = "复查不合格，重新整改"
YELLOW = "黄色提醒"
RED = "红色锁定"

MANAGER = Owner("post", "project_manager", "项目经理", "project manager")
CONTRACTOR = Owner("party", "contractor", "施工单位", "contractor")
BUILDER = Owner("party", "builder", "建设单位", "builder")
FIRM = Owner("party", "supervisor_firm", "监理单位", "supervisor firm")
BODY = Owner("department", "supervision_body", "质量安全监督机构", "supervision body")
AUTHORITY = Owner("department", "county_authority", "县级主管部门", "county authority")


def _moved(case: Any, step: Step | None) -> None:
    from siteloop.systems.inspection import engine

    engine.follow(case, step.code if step is not None else "")


def _cancelled(case: Any, reason: str) -> None:
    from siteloop.systems.inspection import engine

    engine.cancelled(case, reason)


def _penalty_cancelled(case: Any, reason: str) -> None:
    from siteloop.systems.inspection import engine

    engine.penalty_cancelled(case, reason)


def _rectify(
    code: str, title: str, title_en: str, circle: Circle, late: tuple[str, str] | None, key: str
) -> Step:
    on = {Outcome.REPLY: Go(f"recheck_{code}")}
    if late is not None:
        on[Outcome.OVERDUE] = Go(late[0], late[1])
    return Step(
        code,
        title,
        title_en,
        circle,
        Phase.DISPOSE,
        MANAGER,
        on,
        informed=(CONTRACTOR, FIRM)
        if circle is Circle.SMALL
        else (CONTRACTOR, FIRM, BUILDER, BODY, AUTHORITY),
        deadline=key,
        clock="case",
        evidence=True,
    )


def _recheck(code: str, circle: Circle) -> Step:
    return Step(
        f"recheck_{code}",
        "复查",
        "re-check",
        circle,
        Phase.VERIFY,
        BODY,
        {
            Outcome.PASS: Go(None, PASSED),
            Outcome.FAIL: Go(code, AGAIN),
            Outcome.OVERDUE: Go(f"recheck_{code}"),
        },
        informed=(MANAGER, CONTRACTOR),
        deadline="inspection.recheck",
    )


LOOPS = (
    Loop(
        code="inspection_order",
        system="inspection",
        title="整改停工闭环",
        title_en="Orders to rectify and stop work",
        opens_on=(RECTIFY, STOP),
        source="inspection",
        moved=_moved,
        cancelled=_cancelled,
        steps=(
            _rectify("rectify", "整改", "rectify", Circle.SMALL, ("yellow", YELLOW), "inspection.yellow"),
            _recheck("rectify", Circle.SMALL),
            _rectify(
                "yellow",
                "整改（黄色提醒）",
                "rectify (yellow)",
                Circle.MEDIUM,
                ("red", RED),
                "inspection.red",
            ),
            _recheck("yellow", Circle.MEDIUM),
            _rectify("red", "整改（红色锁定）", "rectify (locked)", Circle.LARGE, None, ""),
            _recheck("red", Circle.LARGE),
        ),
    ),
    Loop(
        code="inspection_penalty",
        system="inspection",
        title="行政处罚程序",
        title_en="Penalty procedure",
        opens_on=(PENALTY,),
        source="inspection",
        cancelled=_penalty_cancelled,
        steps=(
            Step(
                "accept",
                "审查立案",
                "file",
                Circle.LARGE,
                Phase.DISPOSE,
                AUTHORITY,
                {Outcome.REPLY: Go("decide", "立案"), Outcome.REFUSE: Go(None, "不予处罚")},
                informed=(BODY,),
            ),
            Step(
                "decide",
                "调查取证、告知与决定",
                "investigate and decide",
                Circle.LARGE,
                Phase.DISPOSE,
                AUTHORITY,
                {
                    Outcome.REPLY: Go("serve", "作出决定"),
                    Outcome.REFUSE: Go(None, "不予处罚"),
                    Outcome.OVERDUE: Go("decide", "超过办案期限"),
                },
                informed=(BODY,),
                deadline="inspection.penalty.decide",
                clock="step",
            ),
            Step(
                "serve",
                "送达决定书",
                "serve the decision",
                Circle.LARGE,
                Phase.DISPOSE,
                AUTHORITY,
                {Outcome.REPLY: Go("settle", "已送达"), Outcome.OVERDUE: Go("serve", "超过送达期限")},
                deadline="inspection.penalty.serve",
            ),
            Step(
                "settle",
                "执行结案",
                "settle",
                Circle.LARGE,
                Phase.DISPOSE,
                AUTHORITY,
                {Outcome.REPLY: Go(None, "已结案")},
            ),
        ),
    ),
)
