"""The office: leave asked and approved, work handed over to a colleague, a problem reported from the page it was met on."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from siteloop.kernel.times import SHANGHAI
from tests.browser.stories.person import Person

Rows = Callable[..., list[Any]]


@pytest.mark.requirement("OA-01")
def test_leave_is_asked_by_one_and_approved_by_another(
    person: Callable[..., Person], rows: Rows, picture: Callable[[Page, str], None]
) -> None:
    # somebody with duty in the days asked for
    ((username, name, on),) = rows(
        "SELECT a.username, a.display_name, s.on FROM office_dutyshift s JOIN authority_account a ON a.id = s.account_id"
        " WHERE s.on > current_date + 3 AND a.username LIKE 'insp%%' AND NOT EXISTS (SELECT 1 FROM office_leaverequest l"
        " WHERE l.account_id = a.id AND l.state IN ('asked', 'approved')) ORDER BY s.on DESC LIMIT 1"
    )
    asker, county, enterprise = person(username), person("county"), person("enterprise")
    enterprise.cannot_open("/office/leaves/")
    asker.opens("/office/leaves/")
    asker.asks("申请请假", {"类别": "年休假", "自": f"{on + dt.timedelta(days=1)}", "至": f"{on}"})
    asker.is_refused("请改正以下内容")
    asker.types({"自": f"{on}", "至": f"{on + dt.timedelta(days=1)}", "事由": "探亲"})
    asker.presses("申请请假")
    asker.hears("已提交，待")
    asker.finds("/office/leaves/", name)
    asker.may_not("批准", "不批准")
    county.opens(asker.page.url)
    county.does("批准", {"审批意见": "同意，请先换班"}, f"期间有 1 个值班须换班：{on:%m-%d}")
    asker.page.reload()
    asker.sees("状态", "已批准")
    asker.may_not("批准")
    picture(asker.page, "story-leave")


@pytest.mark.requirement("OA-01")
def test_work_is_handed_over_and_moves_only_when_it_is_accepted(
    person: Callable[..., Person], rows: Rows, picture: Callable[[Page, str], None]
) -> None:
    held = (
        "SELECT count(*) FROM office_dutyshift s JOIN authority_account a ON a.id = s.account_id"
        " WHERE s.on >= current_date AND a.username = %s"
    )
    (mine, _), (yours, name) = rows(
        "SELECT DISTINCT a.username, a.display_name FROM office_dutyshift s"
        " JOIN authority_account a ON a.id = s.account_id"
        " WHERE s.on > current_date AND a.username LIKE 'insp%%' ORDER BY 1 LIMIT 2"
    )
    giver, taker, county = person(mine), person(yours), person("county")
    had, has = rows(held, mine)[0][0], rows(held, yours)[0][0]
    giver.opens("/office/hand-overs/")
    giver.does("发起移交", {"接收人": name, "移交原因": "借调三个月"}, f"待{name}接收")
    giver.finds("/office/hand-overs/", "借调三个月")
    giver.may_not("接收", "不接收")
    county.opens(giver.page.url)
    county.may_not("接收", "不接收")
    assert rows(held, mine)[0][0] == had
    taker.opens(giver.page.url)
    taker.reads("值班")
    taker.does("接收", {"接收意见": "已交接清楚"}, "已接收")
    assert (rows(held, mine)[0][0], rows(held, yours)[0][0]) == (0, had + has)
    giver.page.reload()
    giver.may_not("撤回移交")
    picture(giver.page, "story-hand-over")


@pytest.mark.requirement("PLAT-31")
def test_a_problem_is_reported_from_its_page_given_to_somebody_answered_and_judged(
    person: Callable[..., Person], picture: Callable[[Page, str], None]
) -> None:
    what = f"工地名称显示不全 {dt.datetime.now(SHANGHAI):%H%M%S}"
    manager = person("manager")
    manager.opens("/registry/sites/")
    manager.page.get_by_role("link", name="反馈本页问题").first.click()
    manager.page.wait_for_url("**/actions/report**")
    manager.types({"类别": "功能异常", "问题": what})
    assert manager.main.get_by_label("所在页面").input_value().endswith("/registry/sites/")
    manager.presses("反馈问题")
    manager.hears("分派责任人后会通知您")
    manager.finds("/office/tickets/", what)
    manager.may_not("定岗定人", "答复")
    ticket = manager.page.url
    county = person("county")
    county.opens(ticket)
    county.does("定岗定人", {"责任人": "工地监管员"}, "工地监管员，期限")
    county.may_not("答复")
    supervision = person("supervision")
    supervision.opens(ticket)
    supervision.does("答复", {"答复": "列宽已调整，请刷新"}, "已答复，待反馈人评价")
    manager.page.reload()
    manager.reads("列宽已调整，请刷新")
    manager.does("未解决", {"还存在的问题": "手机上仍不全"}, "已退回责任人重新处理")
    supervision.page.reload()
    supervision.does("答复", {"答复": "手机版已修正"}, "已答复，待反馈人评价")
    manager.page.reload()
    manager.does("已解决并评价", {"评价": "5 很满意"}, "谢谢评价，问题已解决")
    manager.sees("状态", "已解决")
    picture(manager.page, "story-ticket")
