"""A danger the contractor does not mend: the firm reports it, the authority is on the clock, the firm re-checks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.stories.papers import paper, photo
from tests.browser.stories.person import Person

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
