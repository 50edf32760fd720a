"""A danger that is reported, a monthly report that is late, a firm that falls below its level: three loops with the firms."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from siteloop.kernel.times import SHANGHAI
from tests.browser.stories.papers import paper, photo
from tests.browser.stories.person import Person

Rows = Callable[..., list[Any]]
FIRM = "演示监理公司01"
PROJECT, PLACE = "当湖街道商业综合体10号（演示）", "2号楼卸料平台"


@pytest.mark.requirement("SUPV-01")
def test_a_danger_report_is_received_late_answered_put_right_and_rechecked_by_the_firm(
    person: Callable[..., Person], lapse: Callable[..., None], picture: Callable[[Page, str], None]
) -> None:
    firm = person("supervisor")
    firm.opens("/supervisor_firms/dangers/new")
    firm.types(
        {
            "项目": PROJECT,
            "类别": "安全生产",
            "隐患等级": "重大隐患",
            "隐患部位": PLACE,
            "隐患情况": "卸料平台超载，下发暂停令后仍在使用",
            "监理通知单或暂停令编号": "监理停-2026-17",
            "要求整改日期": "2026-11-18",
            "施工单位情况": "拒不停止施工",
        }
    )
    firm.presses("保存")
    firm.hears("已保存")
    report = firm.page.url
    firm.asks("报送主管部门")
    firm.is_refused("请先上传现场照片和监理通知单，作为报告的证据")
    firm.opens(report)
    firm.does("上传照片材料", {"照片或材料": [photo("平台.png"), paper("暂停令")]}, "已上传 2 份")
    firm.does("报送主管部门", says="前签收")
    firm.may_not("签收", "上传照片材料")
    firm.sees("主管部门办理期限", ":")
    picture(firm.page, "story-danger-sent")

    # the department lets the receipt run out: it goes up, and that stays with the report
    supervision, county = person("supervision"), person("county")
    supervision.opens(report)
    supervision.may("签收")
    supervision.main.locator("a[href^='/cases/cases/']").first.click()
    supervision.page.wait_for_url("**/cases/cases/*/")
    lapse(supervision.key)
    supervision.hears_of("逾期未签收，上级督办")
    case = supervision.page.url
    supervision.opens(report)
    supervision.may_not("签收")
    county.opens(report)
    county.does("签收", {"意见": "已签收，安排核实"}, "已签收，回执已送达监理单位；答复期限开始计时")
    county.does("答复：责令整改", {"意见": "立即停用，卸载后验收"}, "已答复，责令施工单位整改，监理单位复查")
    firm.page.reload()
    firm.sees("主管部门曾逾期", "是")
    firm.sees("主管部门答复", "立即停用，卸载后验收")

    # the project puts it right, the firm that reported it looks again
    manager = person("manager")
    manager.opens(case)
    manager.does("提交整改", {"办理意见": "已卸载并重新验收", "照片或材料": [photo("验收.png")]}, "已办理")
    manager.may_not("核查通过")
    firm.opens(case)
    firm.does("核查不通过", {"办理意见": "限载牌未挂"}, "复查不合格，重新整改")
    manager.page.reload()
    manager.does("提交整改", {"办理意见": "限载牌已挂", "照片或材料": [photo("牌.png")]}, "已办理")
    firm.page.reload()
    firm.does("核查通过", {"办理意见": "复查合格"}, "复查合格")
    firm.opens(report)
    firm.sees("状态", "已闭环")
    picture(firm.page, "story-danger-closed")


@pytest.fixture
def owed_report(rows: Rows) -> int:
    """A monthly report of the demo firm that is owed until tomorrow."""
    found = rows(
        "UPDATE supervisor_firms_supervisionreport SET state = 'due', quality = '', safety = '', is_late = false,"
        " submitted_at = NULL, received_at = NULL, due_at = now() + interval '1 day' WHERE id ="
        " (SELECT r.id FROM supervisor_firms_supervisionreport r JOIN authority_organisation o ON o.id = r.firm_id"
        " WHERE o.name = %s AND r.kind = 'monthly' AND r.state = 'received' AND r.case_id IS NULL"
        " ORDER BY r.id LIMIT 1) RETURNING id",
        FIRM,
    )
    assert found, "the demo firm has handed in reports"
    return int(found[0][0])


@pytest.mark.requirement("SUPV-01", "DISP-06")
def test_a_late_monthly_report_is_urged_supervised_and_ended_by_the_report_alone(
    person: Callable[..., Person],
    owed_report: int,
    rows: Rows,
    on_time: Callable[[str], None],
    lapse: Callable[..., None],
    picture: Callable[[Page, str], None],
) -> None:
    report = f"/supervisor_firms/reports/{owed_report}/"
    firm, supervision = person("supervisor"), person("supervision")
    firm.opens(report)
    firm.sees("逾期报送", "否")
    rows("UPDATE supervisor_firms_supervisionreport SET due_at = now() WHERE id = %s", owed_report)
    on_time("supervisor_firms.find_late")
    firm.page.reload()
    firm.sees("逾期报送", "是")
    case = firm.opens_case()

    # the machine does not take words for a report; what stays late goes up
    firm.does("提交整改", {"办理意见": "已通过邮件报送"}, "已办理")
    firm.reads("尚未报送，请先在“监理报告”中填写并报送")
    supervision.opens(case)
    supervision.may_not("提交整改", "核查通过")
    lapse(firm.key)
    firm.hears_of("催报后仍未报送")
    county = person("county")
    county.opens(case)
    county.reads("报送监理报告（督办）")
    picture(county.page, "story-report-urged")

    firm.opens(report)
    firm.asks("报送")
    firm.is_refused("报告未填写完整：质量监理情况、安全监理及隐患处置情况")
    firm.opens(report)
    written = {"质量监理情况": "原材料见证取样合格", "安全监理及隐患处置情况": "发现隐患 2 处，已整改"}
    firm.does("填写报告", written, "已保存")
    firm.does("报送", says="（逾期）")
    firm.may_not("填写报告", "报送", "签收")
    county.page.reload()
    county.reads("案件已结束")
    person("manager").cannot_open(report)  # what a firm tells the authority the contractor does not read
    supervision.opens(report)
    supervision.does("签收", {"意见": "收悉，下月按期报送"}, "已签收")
    supervision.sees("逾期报送", "是")
    picture(supervision.page, "story-report-received")
    assert "发现隐患 2 处" in supervision.takes("监理报告")


@pytest.fixture
def expired(rows: Rows) -> str:
    """The demo firm's certificate has run out; the firm's file."""
    ((key,),) = rows(
        "UPDATE supervisor_firms_firmfile SET valid_until = current_date - 2 WHERE organisation_id ="
        " (SELECT id FROM authority_organisation WHERE name = %s) RETURNING id",
        FIRM,
    )
    return f"/supervisor_firms/firms/{key}/"


@pytest.mark.requirement("SUPV-04")
def test_a_firm_below_its_level_is_told_what_is_missing_and_believed_only_when_the_register_says_so(
    person: Callable[..., Person], expired: str, picture: Callable[[Page, str], None]
) -> None:
    county, firm, supervision = person("county"), person("supervisor"), person("supervision")
    firm.opens(expired)
    firm.may_not("动态核查")
    supervision.opens(expired)
    supervision.does("动态核查", says="1 项不符合：企业资质证书在有效期内")
    supervision.main.locator("a[href^='/supervisor_firms/checks/']").first.click()
    supervision.page.wait_for_url("**/supervisor_firms/checks/*/")
    assert "有效期" in supervision.takes("监理企业资质限期整改告知书")
    firm.page.reload()
    firm.reads("不符合")
    case = firm.opens_case()
    firm.does("提交整改", {"办理意见": "证书正在办理延续"}, "已办理")
    firm.reads("仍有 1 项不符合：企业资质证书在有效期内")
    county.opens(case)
    county.may_not("提交整改", "核查通过")
    picture(firm.page, "story-firm-short")

    # the new certificate is registered by the authority; then the machine agrees, and a person decides
    supervision.opens(expired)
    supervision.follows("修改")
    until = dt.datetime.now(SHANGHAI).date() + dt.timedelta(days=5 * 365)
    supervision.types({"有效期至": f"{until}"})
    supervision.presses("保存")
    supervision.hears("已保存")
    firm.page.reload()
    firm.does("提交整改", {"办理意见": "已换发新证", "照片或材料": [paper("资质证书")]}, "已办理")
    firm.may_not("核查通过")
    county.page.reload()
    county.reads("按现有登记重新核查，全部符合")
    county.does("核查通过", {"办理意见": "新证已核对"}, "复查合格")
    county.reads("案件已结束")
    firm.opens(expired)
    assert firm.fact("核查结论") == "符合"
    picture(firm.page, "story-firm-met")
