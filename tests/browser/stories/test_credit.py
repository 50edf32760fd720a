"""Points and the blacklist: proposed by one, decided by another, heard, published, appealed, repaired."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from siteloop.kernel.times import SHANGHAI
from tests.browser.stories.papers import paper
from tests.browser.stories.person import Person

Rows = Callable[..., list[Any]]
UNIT = "演示建工集团01"


def on_portal(public: Page, words: str, kind: str = "blacklist") -> bool:
    """Whether the portal shows these words of the unit today."""
    public.goto(f"/portal/credit/?kind={kind}&search={UNIT}")
    expect(public.get_by_role("heading", name="信用公示", level=1)).to_be_visible()
    return words in public.locator("main").inner_text()


@pytest.mark.requirement("CRED-05", "CRED-10")
def test_a_demerit_is_reviewed_by_another_published_appealed_and_repaired(
    person: Callable[..., Person],
    visit: Callable[..., Page],
    rows: Rows,
    picture: Callable[[Page, str], None],
) -> None:
    inspector, county, city = person("inspector"), person("county"), person("city")
    enterprise, public = person("enterprise"), visit()
    inspector.opens("/credit/records/")
    inspector.does(
        "提出记分",
        {
            "行为": "拖欠农民工工资",
            "企业": UNIT,
            "行为日期": f"{dt.datetime.now(SHANGHAI):%Y-%m-%d}",
            "事实": "三名木工两个月工资未发",
            "证据": [paper("工资支付核查记录")],
        },
        "待另一人复核",
    )
    ((key,),) = rows("SELECT max(id) FROM credit_creditrecord")
    record = f"/credit/records/{key}/"
    inspector.opens(record)
    inspector.may_not("复核通过", "不予记分", "撤销")
    county.opens(record)
    county.does("复核通过", {"复核意见": "情况属实"}, "已生效")
    assert on_portal(public, "拖欠农民工工资", "bad")
    picture(public, "story-credit-public")

    # the enterprise appeals: nothing is published while it is reviewed, by somebody who did not decide
    enterprise.opens(record)
    enterprise.may_not("撤销", "复核通过")
    enterprise.does("申诉", {"理由": "工资当日已补发"}, "申诉已提交，审查期间暂停公示")
    assert not on_portal(public, "拖欠农民工工资", "bad")
    ((request,),) = rows("SELECT max(id) FROM credit_creditrequest")
    county.opens(f"/credit/requests/{request}/")
    county.may_not("同意", "不同意")
    city.opens(f"/credit/requests/{request}/")
    picture(city.page, "story-credit-appeal")
    city.does("不同意", {"原因": "补发晚于约定日期"}, "恢复公示")
    assert on_portal(public, "拖欠农民工工资", "bad")

    # repair only after the months of the region
    enterprise.page.reload()
    enterprise.asks("申请信用修复", {"理由": "已全部补发并设工资专户", "材料": [paper("整改报告")]})
    enterprise.is_refused("起方可申请信用修复")
    rows(
        "UPDATE credit_creditrecord SET counts_from = counts_from - 400, happened_on = happened_on - 400 WHERE id = %s",
        key,
    )
    enterprise.opens(record)
    enterprise.does(
        "申请信用修复", {"理由": "已全部补发并设工资专户", "材料": [paper("整改报告")]}, "信用修复申请已提交"
    )
    ((request,),) = rows("SELECT max(id) FROM credit_creditrequest")
    city.opens(f"/credit/requests/{request}/")
    city.does("同意", {"审查意见": "整改到位，同意修复"}, "信用修复，")
    enterprise.page.reload()
    enterprise.may_not("申诉", "申请信用修复")
    assert not on_portal(public, "拖欠农民工工资", "bad")
    enterprise.finds("/credit/files/", UNIT)
    enterprise.reads("信用分逐条说明", "拖欠农民工工资")
    picture(enterprise.page, "story-credit-file")


@pytest.fixture
def nothing_pending(api: Callable[..., dict[str, Any]], rows: Rows) -> None:
    """What the demo has proposed about the unit is dropped: one thing at a time."""
    open_ones = rows(
        "SELECT e.id FROM credit_blacklistentry e JOIN authority_organisation o ON o.id = e.organisation_id"
        " WHERE o.name = %s AND e.state IN ('proposed', 'told', 'heard')",
        UNIT,
    )
    for (key,) in open_ones:
        api("county", f"/credit/blacklist/{key}/actions/drop", {"reason": "另案处理"})


@pytest.mark.requirement("CRED-02", "CRED-10")
def test_nobody_is_blacklisted_before_being_told_and_heard(
    person: Callable[..., Person], visit: Callable[..., Page], rows: Rows, nothing_pending: None
) -> None:
    inspector, county, enterprise, public = (
        person("inspector"),
        person("county"),
        person("enterprise"),
        visit(),
    )
    inspector.opens("/credit/blacklist/")
    inspector.does(
        "拟列入黑名单",
        {
            "企业": UNIT,
            "事由": "拒不执行停工整改指令",
            "法律依据": "本地黑名单管理办法（演示，未核实）",
            "期限（月）": "12",
            "证据": [paper("现场记录")],
        },
    )
    ((key,),) = rows("SELECT max(id) FROM credit_blacklistentry")
    entry = f"/credit/blacklist/{key}/"
    inspector.opens(entry)
    inspector.may_not("决定列入")
    county.opens(entry)
    county.may_not("决定列入")
    county.does("事先告知", says="陈述申辩期至")
    county.asks("决定列入", {"决定意见（含对陈述申辩的答复）": "事实清楚"})
    county.is_refused("当事人陈述或期满后方可决定")
    enterprise.opens(entry)
    enterprise.may_not("决定列入", "撤销列入")
    enterprise.does("陈述申辩", {"陈述申辩意见": "当日已停工，有视频为证"}, "陈述申辩已提交")
    county.opens(entry)
    county.reads("当日已停工，有视频为证")
    county.does(
        "决定列入", {"决定意见（含对陈述申辩的答复）": "视频显示仍在作业，申辩不成立"}, "已列入并公示"
    )
    assert on_portal(public, "拒不执行停工整改指令")
    enterprise.page.reload()
    enterprise.may("申诉", "申请信用修复")
    county.does("撤销列入", {"原因": "上级复查，事实有误"}, "已撤销列入并停止公示")
    assert not on_portal(public, "拒不执行停工整改指令")
