"""A score opened to the records behind it, appealed against, and changed by the decision."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stories.papers import paper
from tests.browser.stories.person import Person

UNIT = "演示建工集团01"
MEASURE = "整改单按期闭合"


@pytest.mark.requirement("CTR-03", "CTR-06")
def test_a_score_opens_its_records_and_a_granted_appeal_changes_it(
    person: Callable[..., Person], picture: Callable[[Page, str], None]
) -> None:
    enterprise, county, inspector = person("enterprise"), person("county"), person("inspector")
    enterprise.finds("/evaluation/scores/", UNIT)
    card = enterprise.page.url
    before = enterprise.fact("得分")
    picture(enterprise.page, "story-score")
    row = enterprise.main.get_by_role("row").filter(has_text=MEASURE)
    good, records = row.get_by_role("link").first.inner_text().split(" / ")
    assert int(good) < int(records), "the demo's enterprise has orders that were late"
    row.get_by_role("link").first.click()
    enterprise.page.wait_for_url("**/centres/records/**")
    expect(enterprise.main).to_contain_text(records)
    enterprise.opens(card)
    enterprise.does(
        "申诉",
        {"申诉指标": MEASURE, "申诉理由": "一件因台风停工不能按期", "材料": [paper("停工通知")]},
        "申诉已提交，处理前得分不变",
    )
    enterprise.sees("得分", before)
    enterprise.follows(MEASURE)
    enterprise.may_not("申诉成立", "申诉不成立")
    inspector.cannot_open(f"{enterprise.page.url}actions/grant")
    county.opens(enterprise.page.url)
    county.does("申诉成立", {"审批意见": "情况属实，该月不计"}, f"申诉成立，该指标不计，得分 {before} →")
    enterprise.opens(card)
    enterprise.reads("不计", "申诉成立：情况属实，该月不计")
    expect(enterprise.main.locator("dt").first).to_be_visible()
    assert enterprise.fact("得分") != before
    picture(enterprise.page, "story-score-appealed")
