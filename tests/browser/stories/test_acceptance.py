"""An application's way: incomplete, corrected, accepted on a promise of thirty days, locked when it runs out, unlocked when it is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.stories.papers import paper
from tests.browser.stories.person import Person

Rows = Callable[..., list[Any]]
PROJECT, APPLICANT = "当湖街道工业厂房28号（演示）", "演示建工集团01"
OFFICERS = {"县级监管员": "county", "质安监督员": "inspector"}


def applied(enterprise: Person, matter: str) -> str:
    """A new application on quality, saved; its address."""
    enterprise.opens("/acceptance/applications/new")
    enterprise.types({"业务类别": "质量", "项目": PROJECT, "申请单位": APPLICANT, "申请事项": matter})
    enterprise.presses("保存")
    enterprise.hears("已保存")
    return enterprise.page.url


@pytest.mark.requirement("BIZ-01", "BIZ-02", "BIZ-03", "BIZ-04", "BIZ-06")
def test_a_promise_runs_thirty_days_locks_and_is_unlocked_by_its_proof(
    person: Callable[..., Person],
    rows: Rows,
    lapse: Callable[..., None],
    picture: Callable[[Page, str], None],
) -> None:
    enterprise = person("enterprise")
    application = applied(enterprise, "质量监督手续")
    enterprise.may_not("受理", "告知补正", "准予")
    enterprise.asks("提交申请")
    enterprise.is_refused("材料不齐，尚缺 4 项")
    enterprise.opens(application)
    for title in ("工程质量监督申报表", "施工图审查合格书", "质量保证体系资料"):
        enterprise.does(
            "上传材料", {"材料名称": title, "文件或照片": [paper(title)]}, f"已上传“{title}” 1 份"
        )
    promise = {"承诺材料": "施工、监理合同", "承诺内容": "自受理之日起三十日内补交"}
    enterprise.does("承诺补交", promise, "自受理之日起开始倒计时")
    enterprise.does("提交申请", says="已提交。承办人：")
    enterprise.may_not("上传材料", "提交申请")

    # the officer it was given to; a colleague does not see the buttons
    given = enterprise.fact("承办人")
    officer = person(OFFICERS[given])
    other = person(next(name for title, name in OFFICERS.items() if title != given))
    other.opens(application)
    other.may_not("受理", "告知补正")
    officer.opens(application)
    officer.does("告知补正", {"需补正的内容": "申报表未盖章"}, "已一次性告知补正：")
    enterprise.page.reload()
    enterprise.reads("申报表未盖章")
    title = "工程质量监督申报表"
    enterprise.does("上传材料", {"材料名称": title, "文件或照片": [paper(title)]}, "材料已齐")
    enterprise.does("提交申请", says="已提交。承办人：")
    officer.page.reload()
    officer.does("受理", says="1 项承诺开始倒计时")
    printed = officer.main.get_by_role("link", name="受理通知书").first
    assert "施工、监理合同" in officer.prints(f"{printed.get_attribute('href')}pdf")
    picture(officer.page, "story-acceptance-accepted")

    # thirty days
    enterprise.page.reload()
    enterprise.follows("承诺补交·倒计时中")
    enterprise.reads("剩 30 天")
    commitment = enterprise.page.url
    enterprise.main.locator("a[href^='/cases/cases/']").last.click()
    enterprise.page.wait_for_url("**/cases/cases/*/")
    rows(
        "UPDATE acceptance_commitment SET due_at = now() - interval '1 day' WHERE case_id = %s",
        enterprise.key,
    )
    lapse(enterprise.key)
    enterprise.hears_of("逾期未兑现，业务锁定")
    case = enterprise.page.url
    enterprise.opens(commitment)
    enterprise.reads("逾期 1 天", "逾期未兑现，业务已自动锁定。")
    picture(enterprise.page, "story-acceptance-locked")
    applied(enterprise, "另一项质量业务")
    enterprise.asks("提交申请")
    enterprise.is_refused(
        "业务已锁定，不能办理。演示建工集团01在“质量业务：质量监督手续”中承诺补交“施工、监理合同”"
    )

    # only the proof unlocks, looked at by the officer
    enterprise.opens(case)
    enterprise.may_not("核查通过")
    enterprise.asks("提交整改", {"办理意见": "合同已签订"})
    enterprise.is_refused("请上传整改照片或材料")
    enterprise.types({"照片或材料": [paper("施工合同")]})
    enterprise.presses("提交整改")
    enterprise.hears("已办理")
    officer.opens(case)
    officer.does("核查通过", {"办理意见": "合同齐全有效"}, "承诺已兑现")
    enterprise.opens(commitment)
    enterprise.sees("状态", "已兑现")
    enterprise.finds("/acceptance/applications/", "另一项质量业务")
    enterprise.asks("提交申请")
    enterprise.is_refused("材料不齐，尚缺 4 项")
