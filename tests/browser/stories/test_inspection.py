"""An order's way: found by a check table, printed, replied to with photos, re-checked twice; and what it locks when it is late."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from siteloop.kernel.times import SHANGHAI
from tests.browser.stories.papers import photo
from tests.browser.stories.person import Person

Rows = Callable[..., list[Any]]
PROBLEM = "三层楼梯临边防护缺失"


@pytest.fixture
def site(rows: Rows) -> str:
    """A site of the demo manager."""
    found = rows(
        "SELECT s.name FROM registry_site s JOIN registry_projectpost p ON p.project_id = s.project_id"
        " JOIN authority_account a ON a.id = p.account_id WHERE a.username = 'manager'"
        " AND p.kind = 'project_manager' AND s.state = 'under_construction' ORDER BY s.id LIMIT 1"
    )
    return str(found[0][0])


@pytest.mark.requirement("INSP-01", "INSP-06", "INSP-12", "INSP-13")
def test_an_order_from_the_check_table_to_the_second_recheck(
    person: Callable[..., Person], site: str, picture: Callable[[Page, str], None]
) -> None:
    inspector = person("inspector")
    inspector.opens("/inspection/inspections/new")
    inspector.types(
        {
            "工地": site,
            "检查类型": "日常检查",
            "检查日期": f"{dt.datetime.now(SHANGHAI):%Y-%m-%d}",
            "检查人员": ["质安监督员", "演示检查员02"],
            "检查表": "高处作业",
        }
    )
    inspector.presses("保存")
    inspector.hears("已保存")
    inspection = inspector.page.url

    # a failed line must not be left without an order
    inspector.follows("填写检查表")
    table = inspector.main.get_by_role("radiogroup")
    for n in range(table.count()):
        table.nth(n).get_by_label("符合", exact=True).check()
    line = inspector.main.get_by_role("radiogroup", name="临边防护")
    line.get_by_label("不符合", exact=True).check()
    inspector.types({"临边防护 扣分": "5", "临边防护 问题": PROBLEM, "临边防护 整改要求": "立即封闭"})
    inspector.types({"临边防护 照片": [photo("整改前.png")]})
    picture(inspector.page, "story-inspection-table")
    inspector.presses("保存检查结果")
    inspector.hears("已记录")
    inspector.asks("完成检查")
    inspector.is_refused("有 1 项不符合未处理（临边防护），请当场改正或开具整改、停工文书")
    inspector.opens(inspection)
    inspector.does("开具文书", {"措施": "责令整改"}, "1 项问题，已送达项目")
    inspector.does("完成检查", says="检查完成，不符合 1 项")
    order = inspector.main.locator("a[href^='/inspection/orders/']").first
    number = order.inner_text()
    order.click()
    inspector.may_not("整改回复", "复查合格")
    printed = inspector.prints(str(inspector.main.get_by_role("link", name="打印文书").get_attribute("href")))
    assert number in printed and PROBLEM in printed.replace("\n", "")

    # the project manager's turn: nothing without a photo from after the work
    manager = person("manager")
    manager.page.locator("#my-cases a").filter(has_text=f"责令整改 · {site}").first.click()
    manager.opens(inspector.page.url)
    manager.reads(PROBLEM)
    manager.may_not("复查合格", "复查不合格", "移交行政处罚")
    manager.asks("整改回复", {"整改情况": "已加设防护栏杆", "整改前照片": [photo("前.png")]})
    manager.is_refused("请上传整改后照片")
    manager.types(
        {"整改情况": "已加设防护栏杆", "整改前照片": [photo("前.png")], "整改后照片": [photo("后.png")]}
    )
    manager.presses("整改回复")
    manager.hears("整改回复已提交，待复查")
    manager.may_not("整改回复")
    picture(manager.page, "story-inspection-reply")

    inspector.page.reload()
    inspector.does("复查不合格", {"复查意见": "栏杆未设挡脚板"}, "复查不合格，已退回重新整改")
    manager.page.reload()
    manager.reads("复查不合格")
    manager.does(
        "整改回复", {"整改情况": "挡脚板已补", "整改后照片": [photo("再后.png")]}, "整改回复已提交，待复查"
    )
    inspector.page.reload()
    inspector.does(
        "复查合格", {"复查意见": "现场复查合格", "复查照片": [photo("复查.png")]}, "复查合格，已闭合"
    )
    inspector.sees("状态", "已闭合")
    inspector.reads("栏杆未设挡脚板", "现场复查合格")
    picture(inspector.page, "story-inspection-closed")


@pytest.fixture
def late_order(api: Callable[..., dict[str, Any]], rows: Rows) -> dict[str, Any]:
    """An order given to a project of the manager's on which no other story builds: its id, case and names."""
    ((site, project, name, builder),) = rows(
        "SELECT s.id, p.id, p.name, o.name FROM registry_site s JOIN registry_project p ON p.id = s.project_id"
        " JOIN registry_party y ON y.project_id = p.id AND y.kind = 'contractor'"
        " JOIN authority_organisation o ON o.id = y.organisation_id WHERE p.code = 'DEMO3304820037' LIMIT 1"
    )
    ((measure,),) = rows("SELECT id FROM inspection_measure WHERE code = 'rectify'")
    words = {"site": site, "measure": measure, "problem": "西侧围挡破损约 12 米", "demand": "三日内修复"}
    api("inspector", "/inspection/orders/actions/issue", words)
    ((order, case),) = rows(
        "SELECT id, case_id FROM inspection_order WHERE site_id = %s ORDER BY id DESC LIMIT 1", site
    )
    return {"order": order, "case": case, "project": project, "name": name, "applicant": builder}


@pytest.mark.requirement("INSP-03", "INSP-04", "INSP-05")
def test_seven_days_late_is_yellow_fifteen_is_red_and_the_next_application_meets_the_lock(
    person: Callable[..., Person],
    late_order: dict[str, Any],
    lapse: Callable[..., None],
    picture: Callable[[Page, str], None],
) -> None:
    order, case = f"/inspection/orders/{late_order['order']}/", late_order["case"]
    manager = person("manager")
    manager.opens(f"/cases/cases/{case}/")
    lapse(case, days=8)
    manager.hears_of("黄色提醒")
    manager.opens(order)
    manager.reads("黄色提醒：已超过整改期限，继续逾期将红色锁定。")
    manager.opens(f"/cases/cases/{case}/")
    lapse(case, days=8)
    manager.hears_of("红色锁定")
    manager.opens(order)
    manager.reads("红色锁定：")
    picture(manager.page, "story-inspection-red")

    # whoever applies for the project next reads why he cannot, and what would help
    enterprise = person("enterprise")
    enterprise.opens("/acceptance/applications/new")
    enterprise.types(
        {
            "业务类别": "安全",
            "项目": late_order["name"],
            "申请单位": late_order["applicant"],
            "申请事项": "安全监督手续",
        }
    )
    enterprise.presses("保存")
    enterprise.hears("已保存")
    enterprise.reads("业务已锁定，不能提交")
    application = enterprise.page.url
    enterprise.asks("提交申请")
    enterprise.is_refused("业务已锁定，不能办理。")
    enterprise.is_refused("红色锁定")
    picture(enterprise.page, "story-inspection-lock")

    # put right and re-checked, the lock is gone by itself
    manager.does(
        "整改回复", {"整改情况": "围挡已修复", "整改后照片": [photo("围挡.png")]}, "整改回复已提交，待复查"
    )
    inspector = person("inspector")
    inspector.opens(order)
    inspector.does("复查合格", {"复查意见": "已修复"}, "复查合格，已闭合")
    enterprise.opens(application)
    enterprise.reads_not("业务已锁定，不能提交")
    enterprise.asks("提交申请")
    enterprise.is_refused("材料不齐，尚缺 4 项")
