"""What is put in order around a case: more time, one matter in one case, another unit; and a squad's case on the phone."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from siteloop.kernel.times import SHANGHAI
from tests.browser.phone import Field, picture_file
from tests.browser.stories.papers import photo
from tests.browser.stories.person import Person

Rows = Callable[..., list[Any]]
Api = Callable[..., dict[str, Any]]


@pytest.fixture
def dispatched(api: Api, rows: Rows) -> Callable[[str], int]:
    """dispatched("夜间扬尘"): a hotline complaint about a site of the demo manager's, dispatched; its case."""
    ((site,),) = rows(
        "SELECT s.id FROM registry_site s JOIN registry_project p ON p.id = s.project_id"
        " WHERE p.code = 'DEMO3304820028' LIMIT 1"
    )

    def dispatched(matter: str) -> int:
        now = dt.datetime.now(SHANGHAI)
        told = {
            "site": site,
            "channel": "hotline",
            "topic": "dust",
            "content": matter,
            "occurred_at": now.isoformat(),
        }
        number = {"hotline_number": f"12345-{now:%H%M%S%f}"}
        made = api("squad", "/dust/complaints", {**told, **number})
        api("squad", f"/dust/complaints/{made['id']}/actions/dispatch", {"body": matter})
        return int(rows("SELECT case_id FROM dust_complaint WHERE id = %s", made["id"])[0][0])

    return dispatched


@pytest.mark.requirement("DISP-03", "DISP-06")
def test_more_time_is_granted_by_another_two_cases_become_one_and_one_goes_to_the_unit_it_concerns(
    person: Callable[..., Person],
    dispatched: Callable[[str], int],
    rows: Rows,
    picture: Callable[[Page, str], None],
) -> None:
    first, second = dispatched("道路扬尘"), dispatched("裸土未覆盖")
    ((number,),) = rows("SELECT number FROM cases_case WHERE id = %s", first)
    manager, county, supervision = person("manager"), person("county"), person("supervision")
    until = dt.datetime.now(SHANGHAI) + dt.timedelta(days=9)
    manager.opens(f"/cases/cases/{first}/")
    manager.may_not("延期", "并案", "改派", "撤销")
    manager.asks("申请延期", {"延至": "2020-01-01 08:00", "理由": "材料在途"})
    manager.is_refused("新期限须晚于原期限")
    manager.types({"延至": f"{until:%Y-%m-%d} 18:00"})
    manager.presses("申请延期")
    manager.hears("延期申请已提交；批准前仍按原期限计")
    manager.may_not("申请延期")
    ((asked,),) = rows("SELECT max(id) FROM cases_caseextension")
    manager.cannot_open(f"/cases/case-extensions/{asked}/actions/grant")
    county.opens(f"/cases/case-extensions/{asked}/")
    county.does("同意延期", {"审批意见": "同意"}, "已批准延期")
    manager.page.reload()
    manager.reads(f"{until:%m-%d} 18:00")

    # the second tells of the same matter
    county.opens(f"/cases/cases/{second}/")
    county.does("并案", {"并入派单": number, "理由": "同一工地同一问题"}, f"已并入 {number}")
    county.reads("已并案")
    county.opens(f"/cases/cases/{first}/")
    county.reads("并入：同一工地同一问题")
    picture(county.page, "story-case-merged")

    # and the step goes to the unit it concerns: the manager's button is gone, that unit has it
    manager.page.reload()
    manager.may("提交整改")
    supervision.opens(f"/cases/cases/{first}/")
    supervision.may_not("提交整改")
    unit = "平湖市工地监管科（演示）"
    county.does("改派", {"办理单位": unit, "理由": "由监管科牵头会商"}, f"已改派至{unit}，期限不变")
    manager.page.reload()
    manager.may_not("提交整改")
    supervision.page.reload()
    supervision.does("提交整改", {"办理意见": "雾炮已到场", "照片或材料": [photo("雾炮.png")]}, "已办理")
    squad = person("squad")
    squad.opens(f"/cases/cases/{first}/")
    squad.does("核查通过", {"办理意见": "现场正常"}, "核查通过")
    manager.page.reload()
    manager.reads("案件已结束")
    picture(manager.page, "story-case-closed")


@pytest.mark.requirement("MOB-08")
def test_an_enterprise_replies_and_a_squad_closes_on_the_phone(
    field: Callable[[str], Field],
    person: Callable[..., Person],
    dispatched: Callable[[str], int],
    rows: Rows,
    picture: Callable[[Page, str], None],
) -> None:
    case = dispatched("围挡喷淋停用")
    state = "SELECT step, state FROM cases_case WHERE id = %s"
    county = person("county")
    county.opens(f"/cases/cases/{case}/")
    county.does("改派", {"办理单位": "演示建工集团01", "理由": "由公司处理"}, "已改派至演示建工集团01")

    enterprise = field("enterprise")
    enterprise.screen(f"record/cases/cases/{case}")
    expect(enterprise.page.get_by_text("围挡喷淋停用").first).to_be_visible()
    expect(enterprise.page.locator("[data-act=pass_check]")).to_have_count(0)
    enterprise.page.locator("[data-act=reply]").click()
    enterprise.page.get_by_label("办理意见").fill("喷淋已恢复")
    enterprise.page.locator("[data-take=evidence]").first.set_input_files(picture_file())
    expect(enterprise.page.locator(".field.files img")).to_have_count(1)
    picture(enterprise.page, "story-phone-reply")
    enterprise.page.get_by_role("button", name="提交整改").click()
    enterprise.until(lambda: rows(state, case) == [("small_verify", "verifying")])

    squad = field("squad")
    expect(squad.page.locator(f"a[href='#/record/cases/cases/{case}']").first).to_be_visible()
    picture(squad.page, "story-phone-squad")
    squad.screen(f"record/cases/cases/{case}")
    expect(squad.page.get_by_text("喷淋已恢复").first).to_be_visible()
    expect(squad.page.locator("[data-act=reply]")).to_have_count(0)
    squad.offline()  # at the site there is none
    squad.page.locator("[data-act=pass_check]").click()
    squad.page.get_by_label("办理意见").fill("现场喷淋正常")
    squad.page.get_by_role("button", name="核查通过").click()
    expect(squad.page.get_by_text("已存入待上传")).to_be_visible()
    assert rows(state, case) == [("small_verify", "verifying")]
    squad.online()
    squad.until(lambda: rows(state, case)[0][1] == "closed")
    county.page.reload()
    county.reads("核查通过", "案件已结束")
