"""The loop of dust equipment dispatches, word for word after requirements DUST-18…24 and Appendix B.1.

Project manager → (check) → 「核查通过」 = small loop; failed → rectifying unit and site supervision department,
「核查不通过，重新整改」 = medium loop; overdue or not disposed → street/town urban-management squad,
「核查不通过，转派城管处置」 = large loop. A check that falls due stays with its department and tells the
county authority again. A high reading is no dispatch (AMB-22): it opens the spray and warns.
"""

from siteloop.foundation.cases.loop import Circle, Go, LegalBasis, Loop, Outcome, Owner, Phase, Step
from siteloop.foundation.cases.titles import RULE_TITLES
from siteloop.systems.dust.checks import check

NOT_INSTALLED = "dust.not_installed"
NOT_LINKED = "dust.spray_not_linked"
NOT_INSPECTED = "dust.no_annual_inspection"
COMPLAINED = "dust.complaint"

RULE_TITLES.update(
    {
        NOT_INSTALLED: "扬尘设备不装少装",
        NOT_LINKED: "喷雾未联动",
        NOT_INSPECTED: "设备未年检",
        "dust.pm25_high": "PM2.5 超限",
        "dust.pm10_high": "PM10 超限",
        "dust.tsp_high": "TSP 超限",
        "dust.noise_day": "昼间噪声超限",
        "dust.noise_night": "夜间噪声超限",
        "dust.noise_night_max": "夜间噪声最大值超限",
        "dust.flat_pm25": "PM2.5 数据恒值",
        COMPLAINED: "市民投诉扬尘噪声",
        "dust.no_sprayer": "未装喷淋喷雾",
        "dust.silent": "设备无数据",
        "dust.refresh_slow": "数据更新不及时",
    }
)

PASSED = "核查通过"
AGAIN = "核查不通过，重新整改"
TO_URBAN_MANAGEMENT = "核查不通过，转派城管处置"

MANAGER = Owner("post", "project_manager", "项目经理", "project manager")
CONTRACTOR = Owner("party", "contractor", "整改单位（施工单位）", "rectifying unit")
SUPERVISION = Owner("department", "site_supervision", "工地监管部门", "site supervision department")
AUTHORITY = Owner("department", "county_authority", "县级主管部门", "county authority")
SQUAD = Owner("department", "urban_management", "街镇城管执法中队", "urban-management squad")

#: 《上海市大气污染防治条例》 art. 55(2) as seed S3:247 quotes it; regions replace it through the pack value dust.basis
SHANGHAI_55_2 = LegalBasis(
    "《上海市大气污染防治条例》",
    "第五十五条第二款",
    "施工单位未采取有效防尘措施的，由工程有关行政管理部门责令改正，处一万元以上十万元以下罚款。",
    fine_low=10_000,
    fine_high=100_000,
    verified=True,
    pack_key="dust.basis",
)

_ESCALATE = {
    Outcome.OVERDUE: Go("large_dispose", TO_URBAN_MANAGEMENT, push_basis=True),
    Outcome.REFUSE: Go("large_dispose", TO_URBAN_MANAGEMENT, push_basis=True),
}


def _steps(checker: Owner) -> tuple[Step, ...]:
    """The six steps; `checker` looks whether the site has put it right."""
    return (
        Step(
            "small_dispose",
            "项目部处置",
            "project disposes",
            Circle.SMALL,
            Phase.DISPOSE,
            MANAGER,
            {Outcome.REPLY: Go("small_verify"), **_ESCALATE},
            deadline="dust.loop.small_dispose",
        ),
        Step(
            "small_verify",
            "核查",
            "check",
            Circle.SMALL,
            Phase.VERIFY,
            checker,
            {
                Outcome.PASS: Go(None, PASSED),
                Outcome.FAIL: Go("medium_dispose", AGAIN, push_basis=True),
                Outcome.OVERDUE: Go("small_verify"),
            },
            informed=(MANAGER, AUTHORITY),
            deadline="dust.loop.verify",
        ),
        Step(
            "medium_dispose",
            "重新整改",
            "rectify again",
            Circle.MEDIUM,
            Phase.DISPOSE,
            MANAGER,
            {
                Outcome.REPLY: Go("medium_verify"),
                Outcome.TRANSFER: Go("large_dispose", TO_URBAN_MANAGEMENT, push_basis=True),
                **_ESCALATE,
            },
            informed=(CONTRACTOR, SUPERVISION),
            deadline="dust.loop.medium_dispose",
        ),
        Step(
            "medium_verify",
            "再次核查",
            "check again",
            Circle.MEDIUM,
            Phase.VERIFY,
            checker,
            {
                Outcome.PASS: Go(None, PASSED),
                Outcome.FAIL: Go("medium_dispose", AGAIN, push_basis=True),
                Outcome.TRANSFER: Go("large_dispose", TO_URBAN_MANAGEMENT, push_basis=True),
                Outcome.OVERDUE: Go("medium_verify"),
            },
            informed=(MANAGER, CONTRACTOR, AUTHORITY),
            deadline="dust.loop.verify",
        ),
        Step(
            "large_dispose",
            "城管处置",
            "urban management disposes",
            Circle.LARGE,
            Phase.DISPOSE,
            SQUAD,
            {Outcome.REPLY: Go("large_verify"), Outcome.OVERDUE: Go("large_dispose")},
            informed=(MANAGER, CONTRACTOR, SUPERVISION),
            deadline="dust.loop.large_dispose",
        ),
        Step(
            "large_verify",
            "城管核查",
            "urban management checks",
            Circle.LARGE,
            Phase.VERIFY,
            SQUAD,
            {
                Outcome.PASS: Go(None, PASSED),
                Outcome.FAIL: Go("large_dispose", AGAIN, push_basis=True),
                Outcome.OVERDUE: Go("large_verify"),
            },
            informed=(MANAGER, CONTRACTOR, SUPERVISION, AUTHORITY),
            deadline="dust.loop.verify",
        ),
    )


LOOPS = (
    Loop(
        code="dust_equipment",
        system="dust",
        title="扬尘监测派单",
        title_en="Dust equipment dispatch",
        opens_on=(NOT_INSTALLED, NOT_LINKED, NOT_INSPECTED),
        basis=(SHANGHAI_55_2,),
        check=check,
        watched=True,
        recurs_within="dust.recurs_within_days",
        steps=_steps(SUPERVISION),
    ),
    # a complaint comes in at urban management, which therefore checks as well (DUST-29)
    Loop(
        code="dust_complaint",
        system="dust",
        title="扬尘噪声投诉处置",
        title_en="Dust and noise complaint",
        opens_on=(COMPLAINED,),
        basis=(SHANGHAI_55_2,),
        check=check,
        steps=_steps(SQUAD),
    ),
)
