"""A citizen complains without an account, the squad looks at the readings of that hour, the site acts, the citizen reads the answer."""

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from siteloop.kernel.times import SHANGHAI
from tests.browser.phone import PHONE
from tests.browser.stories.papers import photo
from tests.browser.stories.person import Person
from tests.county.cast import Cast


def filed(citizen: Page, site: str, content: str) -> str:
    """From the portal's first page to the code that follows it."""
    citizen.goto("/portal/")
    citizen.get_by_role("link", name="我要投诉").first.click()
    citizen.get_by_label("工地名称、项目或道路").fill(site)
    citizen.get_by_role("button", name="查找").click()
    citizen.get_by_role("radio", name=site).check()
    citizen.get_by_role("radio", name="扬尘", exact=True).check()
    citizen.get_by_label("什么时候").fill(f"{dt.datetime.now(SHANGHAI):%Y-%m-%dT%H:%M}")
    citizen.get_by_label("看到、听到什么").fill("灰")
    citizen.get_by_role("button", name="提交投诉").click()
    expect(citizen.get_by_role("alert")).to_contain_text("请写明看到、听到的情况")
    citizen.get_by_label("看到、听到什么").fill(content)
    citizen.get_by_label("联系电话（可不填）").fill("13800000000")
    citizen.get_by_role("button", name="提交投诉").click()
    expect(citizen.get_by_role("heading", name="投诉已受理")).to_be_visible()
    return citizen.locator(".code").inner_text()


def followed(citizen: Page, code: str) -> None:
    """What the code tells."""
    citizen.goto("/portal/complaints/track")
    citizen.get_by_label("查询码").fill(code.lower())
    citizen.get_by_role("button", name="查询", exact=True).click()


@pytest.mark.requirement("DUST-29", "PORT-01")
def test_a_complaint_is_matched_to_the_readings_dispatched_answered_and_followed_by_its_code(
    person: Callable[..., Person],
    visit: Callable[..., Page],
    cast: Cast,
    picture: Callable[[Page, str], None],
) -> None:
    story = cast.stories["dusty"]
    monitor = cast.monitor(story["monitors"][0], pm10=68.0)
    squad = person("squad")
    squad.opens("/one_map/")
    citizen = visit(PHONE)
    code = filed(citizen, story["name"], "渣土车进出没有冲洗，路面全是泥")
    picture(citizen, "story-complaint-code")
    followed(citizen, code)
    expect(citizen.get_by_text("待核查")).to_be_visible()

    # the squad of the place; what the project reads holds nothing of the citizen
    squad.finds("/dust/complaints/", story["name"])
    complaint = squad.page.url
    squad.reads("渣土车进出没有冲洗，路面全是泥", "尚未取证。")
    squad.does("监测取证", says="已取证：")
    expect(squad.main.get_by_role("row").filter(has_text="PM10")).to_contain_text("68.0")
    squad.reads_not("责令整改")  # what else the site has to put right is no evidence of dust
    picture(squad.page, "story-complaint-readings")
    squad.does("派单处置", {"处置要求": "请立即冲洗路面"}, "已派单")
    squad.asks("答复办结", {"答复内容": "已处理"})
    squad.is_refused("尚未办结，不能答复办结")
    squad.opens(complaint)
    squad.main.locator("a[href^='/cases/cases/']").first.click()
    squad.page.wait_for_url("**/cases/cases/*/")
    followed(citizen, code)
    expect(citizen.get_by_text("已派单：")).to_be_visible()
    manager = person(story["manager"])
    manager.cannot_open(complaint)
    manager.opens(squad.page.url)
    manager.reads("市民反映", "请立即冲洗路面")
    manager.reads_not("13800000000", "渣土车进出没有冲洗")
    monitor.air["pm10"] = 40.0
    manager.does("提交整改", {"办理意见": "已冲洗并增设洗车台", "照片或材料": [photo("洗车.png")]}, "已办理")
    manager.may_not("核查通过")
    squad.page.reload()
    squad.does("核查通过", {"办理意见": "现场已冲洗"}, "核查通过")
    squad.opens(complaint)
    squad.does("答复办结", {"答复内容": "现场已冲洗，增设洗车台一座"}, "已答复办结")
    followed(citizen, code)
    expect(citizen.get_by_text("现场已冲洗，增设洗车台一座")).to_be_visible()
    picture(citizen, "story-complaint-answer")
