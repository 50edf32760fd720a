"""A penalty's way: moved by the inspector, filed and decided by the county on reviewed evidence only, served, settled."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from siteloop.kernel.times import SHANGHAI
from tests.browser.stories.papers import photo
from tests.browser.stories.person import Person, Typed

Rows = Callable[..., list[Any]]
RECORD = "塔机安全监控记录"
REVIEW = {"法制审核人": "演示法制员甲", "技术审核人": "演示法制员甲"}


def day(back: int) -> str:
    """So many days ago."""
    return f"{dt.datetime.now(SHANGHAI).date() - dt.timedelta(days=back)}"


@pytest.fixture
def order(api: Callable[..., dict[str, Any]], rows: Rows) -> int:
    """An order to rectify that the demo manager's project has."""
    ((site,),) = rows(
        "SELECT s.id FROM registry_site s JOIN registry_project p ON p.id = s.project_id"
        " WHERE p.code = 'DEMO3304820028' LIMIT 1"
    )
    ((measure,),) = rows("SELECT id FROM inspection_measure WHERE code = 'rectify'")
    words = {"site": site, "measure": measure, "problem": "塔机群塔作业未按方案限位", "demand": "立即整改"}
    api("inspector", "/inspection/orders/actions/issue", words)
    ((key,),) = rows("SELECT max(id) FROM inspection_order WHERE site_id = %s", site)
    return int(key)


@pytest.mark.requirement("INSP-07", "INSP-11")
def test_a_penalty_rests_on_reviewed_evidence_and_keeps_its_dates(
    person: Callable[..., Person], order: int, rows: Rows, picture: Callable[[Page, str], None]
) -> None:
    inspector = person("inspector")
    inspector.opens(f"/inspection/orders/{order}/")
    inspector.does("移交行政处罚", {"理由": "拒不整改，群塔作业存在碰撞危险"}, "已移送：")
    inspector.may_not("移交行政处罚")  # once
    inspector.follows("移交行政处罚 ")
    inspector.follows("行政处罚：移送待立案")
    penalty, key = inspector.page.url, inspector.key
    inspector.may_not("立案", "告知", "作出决定")
    proof: dict[str, Typed] = {"证据种类": "电子技术监控记录", "名称": RECORD, "文件": [photo("记录.png")]}
    inspector.does("登记证据", proof, "证据已登记")
    inspector.reads("不得作为证据", "法制审核、技术审核、设备明显标志、设置地点公布")

    # the transfer lies forty days back: filed, and the party was told
    rows(
        "UPDATE inspection_order SET issued_at = issued_at - interval '40 days'"
        " WHERE id = (SELECT order_id FROM inspection_penalty WHERE id = %s)",
        key,
    )
    county = person("county")
    county.opens(penalty)
    county.may_not("告知", "作出决定", "登记送达", "结案")
    county.asks("立案", {"立案日期": day(50)})
    county.is_refused("不能早于移送日期")
    county.types({"立案日期": day(39)})
    county.presses("立案")
    county.hears("已立案，应于")
    county.does("告知", {"告知日期": day(38)}, "当事人可在")
    decision: dict[str, Typed] = {
        "罚则": "罚款：按本地权力清单",
        "罚款金额（元）": "20000",
        "决定日期": day(0),
    }
    county.asks("作出决定", decision)
    county.is_refused("未经审核的电子记录不得作为证据（行政处罚法第四十一条）")
    picture(county.page, "story-penalty-refused")

    # reviewed by two, the device marked, its place published: only then it counts
    county.opens(penalty)
    county.follows(RECORD)
    county.asks("登记审核", {**REVIEW, "审核日期": day(0)})
    county.is_refused("技术审核人：须为另一人")
    county.types({"技术审核人": "演示技术员乙", "审核日期": day(0)})
    county.presses("登记审核")
    county.hears("仍缺设备明显标志、设置地点公布")
    whole: dict[str, Typed] = {
        **REVIEW,
        "技术审核人": "演示技术员乙",
        "审核日期": day(0),
        "设备有明显标志": "是",
        "设置地点公布日期": day(60),
    }
    county.does("登记审核", whole, "可作为证据")
    county.opens(penalty)
    county.does("作出决定", decision, "已作出决定")
    printed = county.takes("行政处罚决定书")
    assert RECORD in printed and "20,000.00" in printed

    manager = person("manager")
    manager.opens(penalty)
    manager.sees("状态", "已决定")
    manager.may_not("登记送达", "结案", "不予处罚", "登记证据")
    county.opens(penalty)
    county.does("登记送达", {"送达日期": day(0)}, "送达已登记")
    county.does("结案", {"结案日期": day(0), "执行情况": "罚款已缴纳"}, "已结案")
    county.opens_case()
    county.reads("案件已结束")
    picture(county.page, "story-penalty-settled")
