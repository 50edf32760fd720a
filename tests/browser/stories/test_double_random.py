"""A draw's way: promised, frozen, drawn by another hand, replayed by anybody, checked, corrected, published."""

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from siteloop.kernel.times import SHANGHAI
from tests.browser.stories.papers import photo
from tests.browser.stories.person import Person

Rows = Callable[..., list[Any]]
DEFECT = "3 号楼电梯井口防护门缺失 1 处"


def promised(county: Person) -> str:
    """The county plans a draw for the present quarter and publishes the seed's commitment; the draw's number."""
    today = dt.datetime.now(SHANGHAI).date()
    county.opens("/double_random/draws/new")
    county.types(
        {
            "抽查计划": f"{today.year} 年建设工程质量安全双随机抽查计划",
            "季度": f"第{'一二三四'[(today.month - 1) // 3]}季度",
            "抽取项目数": "4",
            "检查自": f"{today + dt.timedelta(days=5)}",
            "检查至": f"{today + dt.timedelta(days=15)}",
        }
    )
    county.presses("保存")
    county.hears("已保存")
    county.does("公布种子承诺", says="种子承诺已在公众门户公布")
    return county.main.get_by_role("heading", level=1).inner_text()


def replayed(public: Page, number: str, folder: Path) -> None:
    """Anybody draws again: in the browser, and with the published script from the public files alone."""
    public.goto("/portal/")
    public.get_by_role("link", name="双随机抽取").first.click()
    public.get_by_text(number).first.wait_for()
    public.goto(f"/portal/draws/{number}/")
    public.get_by_role("button", name="在浏览器里复核").click()
    expect(public.get_by_text("复核通过：重算结果与公示结果完全一致。")).to_be_visible()
    for name in ("inputs.json", "draw.json", "replay_draw.py"):
        with public.expect_download() as waiting:
            public.get_by_role("link", name=name, exact=True).click()
        waiting.value.save_as(folder / name)
    command = [sys.executable, "replay_draw.py", "inputs.json", "draw.json"]
    assert run(command, cwd=folder, check=False).returncode == 0
    told = (folder / "inputs.json").read_text()
    (folder / "inputs.json").write_text(told.replace('"weight":', '"weight":1', 1))
    assert run(command, cwd=folder, check=False, capture_output=True).returncode != 0


@pytest.mark.requirement("DRAND-01", "DRAND-03", "DRAND-12", "DRAND-16")
def test_a_draw_is_promised_frozen_drawn_by_another_hand_and_replayed_by_anybody(
    person: Callable[..., Person],
    visit: Callable[..., Page],
    tmp_path: Path,
    picture: Callable[[Page, str], None],
) -> None:
    county = person("county")
    number = promised(county)
    draw = county.page.url
    county.does("冻结名单", says="名单已冻结：检查对象")
    county.may_not("抽取", "冻结名单")
    picture(county.page, "story-draw-frozen")
    inspector = person("inspector")
    inspector.opens(draw)
    inspector.may_not("抽取", "公示抽取结果", "作废")
    auditor = person("auditor")
    auditor.opens(draw)
    auditor.may_not("公示抽取结果", "作废")
    auditor.does("抽取", says="已抽取 4 个项目，任务已分派")
    county.page.reload()
    county.does("公示抽取结果", says="已在公众门户公示检查对象、检查人员和检查过程")
    public = visit()
    replayed(public, number, tmp_path)
    picture(public, "story-draw-public")


@pytest.fixture
def task(rows: Rows) -> dict[str, Any]:
    """A drawn task that waits for its check: its key, project, and the accounts of leader and project manager."""
    found = rows(
        "SELECT t.id, p.name, leader.username, manager.username, t.project_id FROM double_random_checktask t"
        " JOIN double_random_inspector i ON i.id = t.leader_id JOIN authority_account leader ON leader.id = i.account_id"
        " JOIN registry_project p ON p.id = t.project_id"
        " JOIN registry_projectpost post ON post.project_id = p.id AND post.kind = 'project_manager'"
        " JOIN authority_account manager ON manager.id = post.account_id"
        " WHERE t.state = 'assigned' ORDER BY t.id DESC LIMIT 1"
    )
    assert found, "the demo keeps a drawn task for a visitor"
    return dict(zip(("key", "project", "leader", "manager", "project_key"), found[0], strict=True))


@pytest.mark.requirement("DRAND-09", "DRAND-11", "DRAND-13", "DRAND-14", "DRAND-15", "PORT-03")
def test_a_drawn_group_delivers_checks_orders_and_rechecks_and_the_result_is_published(
    person: Callable[..., Person],
    visit: Callable[..., Page],
    task: dict[str, Any],
    picture: Callable[[Page, str], None],
) -> None:
    address = f"/double_random/tasks/{task['key']}/"
    leader, manager = person(task["leader"]), person(task["manager"])
    manager.cannot_open(address)  # nobody is told before the notice is delivered
    leader.opens(address)
    leader.does("送达检查通知", says="已送达项目部和施工单位，记录表已生成")
    manager.opens(address)
    manager.may_not("完成检查", "送达检查通知")

    # the record table: all at once, then the one that is wrong
    leader.asks("完成检查")
    leader.is_refused("未记录")
    leader.opens(address)
    leader.follows("批量记录")
    leader.main.get_by_label("全选").check()
    leader.presses("记录检查情况")
    leader.types({"检查情况": "符合"})
    leader.presses("记录检查情况")
    leader.hears("记录检查情况：完成")
    leader.opens(address)
    leader.main.get_by_role("row").filter(has_text="临边洞口防护到位").get_by_role("link").last.click()
    leader.page.wait_for_url("**/actions/judge")
    leader.types({"检查情况": "不符合"})
    leader.presses("记录检查情况")
    leader.is_refused("不符合的请写明问题")
    leader.types({"问题描述": DEFECT})
    leader.presses("记录检查情况")
    leader.hears("已记录")
    leader.opens(address)
    leader.does("完成检查", {"检查意见": "限期整改"}, "发现问题 1 项，已派单责令改正")
    for title in ("双随机检查通知书", "建设工程质量监管双随机抽查记录表", "责令改正通知单"):
        leader.reads(title)
    papers = leader.main.get_by_role("link", name="PDF", exact=True)
    assert DEFECT in leader.prints(str(papers.last.get_attribute("href"))).replace("\n", "")
    picture(leader.page, "story-draw-task")

    # the project corrects, the group alone re-checks
    leader.main.locator("a[href^='/cases/cases/']").first.click()
    leader.page.wait_for_url("**/cases/cases/*/")
    leader.may_not("核查通过")
    manager.opens(leader.page.url)
    manager.does("提交整改", {"办理意见": "防护门已装", "照片或材料": [photo("门.png")]}, "已办理")
    manager.may_not("核查通过", "核查不通过")
    leader.page.reload()
    leader.does("核查通过", {"办理意见": "现场复查合格"}, "核查通过")
    leader.opens(address)
    leader.sees("状态", "已办结")

    # the result is published by whoever checked, and anybody reads it
    leader.finds("/double_random/publications/", task["project"])
    leader.does("公示", says="已公示")
    public = visit()
    public.goto("/portal/publications/?kind=" + ("results" if "结果" in leader.fact("公示内容") else "use"))
    expect(public.get_by_text(task["project"]).first).to_be_visible()
    picture(public, "story-draw-published")
