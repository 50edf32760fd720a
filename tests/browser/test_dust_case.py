"""The first loop in the browser: dust over 75, a spray that works, a dead one, and its case through three roles.

Only the clock is helped along: the county shortens the time a proof may take by the page of the rule, and the term of the
medium loop is moved into the past in the database, instead of waiting for it.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from siteloop.entry.testing_stack import Stack
from tests.browser.places import case_page, choose, device_page, submit
from tests.county.cast import Cast

#: the smallest picture that is one
PHOTO = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0f01f0005000301ff9b7b1ee70000000049454e44ae426082"
)
PROOF_S = 30  # the least the nation's rule leaves room for


@pytest.fixture(scope="module")
def shortened() -> list[str]:
    """Whether this module has shortened the proof already."""
    return []


@pytest.fixture
def short_proof(sign_in: Callable[..., Page], shortened: list[str]) -> None:
    """The county adjusts the rule on its page, inside the room the nation leaves."""
    if shortened:
        return
    page = sign_in("county")
    page.goto("/packs/rules/?search=dust.pm25_spray")
    page.locator("#table tbody tr").first.get_by_role("link").first.click()
    page.get_by_role("link", name="调整参数").click()
    page.locator("[name=params]").fill('{"proof_s": 5}')
    choose(page, "region_code", "平湖")
    page.get_by_role("button", name="调整参数").click()
    expect(page.get_by_role("alert").first).to_be_visible()  # 5 s lies outside the room
    page.locator("[name=params]").fill(f'{{"proof_s": {PROOF_S}}}')
    page.get_by_role("button", name="调整参数").click()
    expect(page.get_by_text("已生成")).to_be_visible()
    shortened.append("done")


def moments(page: Page) -> Locator:
    return page.locator("#timeline .moment")


def says(page: Page, words: str) -> None:
    """The words stand in the timeline, which renews itself."""
    expect(page.locator("#timeline .case-words").get_by_text(words, exact=False).last).to_be_visible()


@pytest.mark.requirement("DUST-05", "DUST-06")
def test_dust_over_75_opens_the_spray_and_the_sprayers_own_report_is_the_proof(
    sign_in: Callable[..., Page], cast: Cast, picture: Callable[[Page, str], None]
) -> None:
    story = cast.stories["dusty"]
    sprayer = cast.sprayer(story["sprayers"][0])
    page = sign_in("county")
    device_page(page, story["sprayers"][0])
    state = page.locator("[data-field=running]")
    expect(state).to_have_text("0")
    cast.monitor(story["monitors"][0], pm25=96.0)
    expect(state).to_have_text("1")
    cast.stack.until(lambda: sprayer.runs == 1, 10)
    page.reload()
    expect(page.get_by_text("执行完成").first).to_be_visible()
    expect(page.get_by_text(re.compile("PM2.5.*96")).first).to_be_visible()


@pytest.mark.requirement("DUST-18", "DUST-20", "DUST-21", "DUST-22", "DUST-23", "DISP-05")
def test_a_dead_sprayer_goes_from_the_project_manager_to_the_squad(
    sign_in: Callable[..., Page],
    cast: Cast,
    county: Stack,
    short_proof: None,
    picture: Callable[[Page, str], None],
) -> None:
    story = cast.stories["dead_sprayer"]
    mended: list[bool] = []
    sprayer = cast.sprayer(story["sprayers"][0], works=lambda: bool(mended))
    manager = sign_in(story["manager"])
    cast.monitor(story["monitors"][0], pm25=120.0)

    # small loop: the dispatch reaches the project manager's open workbench by itself
    todo = manager.locator("#my-cases a").filter(has_text=f"喷雾未联动 · {story['name']}")
    expect(todo).to_be_visible(timeout=90_000)
    picture(manager, "workbench")
    todo.click()
    expect(manager.get_by_role("heading", level=1)).to_contain_text("喷雾未联动")
    expect(manager.get_by_text("罚款幅度").first).to_be_visible()
    address = manager.url
    manager.get_by_role("link", name="提交整改").click()
    manager.get_by_label("办理意见").fill("已通知班组处理")
    manager.get_by_label("照片或材料").set_input_files(
        {"name": "现场.png", "mimeType": "image/png", "buffer": PHOTO}
    )
    submit(manager, "提交整改")

    # the machine sees that nothing ran: medium loop, told to the supervision department
    manager.goto(address)
    says(manager, "核查不通过，重新整改")
    expect(manager.get_by_text("喷淋设备无运行回报").first).to_be_visible()
    supervision = sign_in("supervision")
    case_page(supervision, story["name"])
    says(supervision, "核查不通过，重新整改")
    expect(supervision.locator("[aria-current=step]")).to_contain_text("中闭环")
    expect(supervision.get_by_role("link", name="提交整改")).to_have_count(0)  # it is not theirs to reply
    expect(supervision.locator("#timeline img")).to_be_visible()  # what the manager attached

    # nobody acts until the term is over: large loop, the open page says so by itself
    with psycopg.connect(county.database_url) as connection:
        number = urlsplit(address).path.rstrip("/").rsplit("/", 1)[1]
        connection.execute("UPDATE cases_case SET deadline = now() WHERE id = %s", [number])
    says(supervision, "核查不通过，转派城管处置")
    supervision.reload()
    picture(supervision, "case")

    # the squad of the site's own town has it, enforces, has the pump mended and closes
    squad = sign_in("squad")
    squad.locator("#my-cases a").filter(has_text=f"喷雾未联动 · {story['name']}").click()
    picture(squad, "case-squad")
    squad.get_by_role("link", name="登记执法结果").click()
    squad.locator("select[name=kind]").select_option("fined")
    squad.get_by_label("日期").fill("2026-11-20")
    squad.get_by_label("文书编号").fill("演示罚字〔2026〕1号")
    squad.get_by_label("罚款金额（元）").fill("500")
    squad.get_by_role("button", name="登记执法结果").click()
    expect(squad.get_by_role("alert").first).to_contain_text("10000")  # below the range of the clause
    squad.get_by_label("罚款金额（元）").fill("20000")
    submit(squad, "登记执法结果")
    squad.goto(address)
    expect(squad.get_by_text("演示罚字〔2026〕1号").first).to_be_visible()
    mended.append(True)
    cast.run_now(sprayer, 120)
    county.until(lambda: sprayer.is_running, 10)
    squad.get_by_role("link", name="提交整改").click()
    squad.get_by_label("办理意见").fill("已责令更换水泵，现场试喷正常")
    submit(squad, "提交整改")
    squad.goto(address)
    expect(squad.get_by_text("回报运行").first).to_be_visible()
    squad.get_by_role("link", name="核查通过").click()
    squad.get_by_label("办理意见").fill("现场复核正常")
    submit(squad, "核查通过")
    squad.goto(address)
    says(squad, "核查通过")
    expect(squad.get_by_text("已闭环").or_(squad.get_by_text("案件已结束")).first).to_be_visible()

    # the manager's page, opened long ago, tells the whole story in order
    manager.reload()
    told = [t for t in manager.locator("#timeline .case-words").all_inner_texts() if t.strip("「」")]
    order = ["核查不通过，重新整改", "核查不通过，转派城管处置", "核查通过"]
    places = [max(i for i, t in enumerate(told) if t.strip("「」") == words) for words in order]
    assert places == sorted(places), told
    picture(manager, "case-closed")
