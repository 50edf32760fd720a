"""The phone without a network: an inspection in a basement, two who judge one line, a connection that breaks in an upload."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.phone import Field, picture_file


@pytest.fixture
def colleague(rows: Callable[..., list[Any]]) -> str:
    """Somebody else of the inspector's authority."""
    found = rows(
        "SELECT a.display_name FROM authority_post p JOIN authority_account a ON a.id = p.account_id"
        " WHERE a.username <> 'inspector' AND a.is_active AND p.organisation_id ="
        " (SELECT organisation_id FROM authority_post p JOIN authority_account a ON a.id = p.account_id"
        " WHERE a.username = 'inspector' LIMIT 1) ORDER BY a.id LIMIT 1"
    )
    return str(found[0][0])


@pytest.mark.requirement("MOB-01", "MOB-04", "INSP-02", "INSP-09", "INSP-12")
def test_an_inspection_in_a_basement_arrives_once_with_all_its_evidence(
    field: Callable[[str], Field],
    rows: Callable[..., list[Any]],
    colleague: str,
    picture: Callable[[Page, str], None],
) -> None:
    before = rows("SELECT count(*) FROM inspection_inspection")[0][0]
    phone = field("inspector")
    picture(phone.page, "field-today")
    phone.offline()
    local = phone.begin(colleague)
    assert local.startswith("local/")
    phone.fail(0, "三层楼梯临边防护缺失", photo=True)
    picture(phone.page, "field-inspect-offline")
    phone.page.get_by_role("button", name="其余各项均符合").click()
    expect(phone.page.locator("details[data-table] summary .chip").first).to_contain_text("10/10")

    # the phone is put away and the page opened again, still without a network: nothing is gone
    phone.page.reload()
    expect(phone.page.locator("[data-link=offline]")).to_be_visible(timeout=30_000)
    phone.screen(f"record/{local}")
    phone.table()
    row = phone.page.locator("article.line").first
    expect(row.locator("textarea").first).to_have_value("三层楼梯临边防护缺失")
    expect(row.locator(".thumb img")).to_be_visible()
    phone.sign("项目经理王工")
    picture(phone.page, "field-signed-offline")

    # the order is prepared; it has no number before the server gives one
    phone.page.locator("[data-act=order]").click()
    phone.page.locator("[name=measure]").select_option(index=1)
    phone.page.get_by_role("button", name="开具文书").click()
    expect(phone.page.get_by_text("文号以服务器返回为准")).to_be_visible()
    phone.screen("waiting")
    expect(phone.page.locator("[data-operation]")).to_have_count(4)
    picture(phone.page, "field-waiting")
    assert rows("SELECT count(*) FROM inspection_inspection")[0][0] == before

    phone.online()
    phone.sent()
    ((made, state),) = rows("SELECT id, state FROM inspection_inspection ORDER BY id DESC LIMIT 1")
    assert state == "open"
    assert rows("SELECT count(*) FROM inspection_inspection")[0][0] == before + 1
    (line,) = rows(
        "SELECT l.problem, e.lon, e.lat, e.taken_at < e.received_at, e.sha256, e.size FROM inspection_inspectionline l"
        " JOIN inspection_inspectionline_photos p ON p.inspectionline_id = l.id"
        " JOIN files_evidence e ON e.id = p.evidence_id WHERE l.inspection_id = %s",
        made,
    )
    assert line[:4] == ("三层楼梯临边防护缺失", 121.02, 30.7, True)
    assert rows("SELECT kind, person FROM inspection_inspectionmaterial WHERE inspection_id = %s", made) == [
        ("signature", "项目经理王工")
    ]
    ((number,),) = rows("SELECT number FROM inspection_order WHERE inspection_id = %s", made)
    assert "号" in number

    # the record opens under its real address and shows what the desk shows
    phone.screen(f"record/inspection/inspections/{made}")
    expect(phone.page.locator(".paper").get_by_text(number)).to_be_visible()
    picture(phone.page, "field-order-issued")
    phone.page.get_by_role("link", name="打印小票").click()
    expect(phone.page.locator(".strip").get_by_text(number)).to_be_visible()
    picture(phone.page, "field-strip")
    for width in (58, 80):
        words, sheets = phone.prints(width)
        assert sheets == [width], "one sheet of the printer's width"
        assert number in words and "三层楼梯临边防护缺失" in words
        assert "待上传" not in words and "打印" not in words, "the paper alone"
    phone.screen(f"record/inspection/inspections/{made}")
    phone.page.locator("[data-act=finish]").click()
    phone.page.get_by_role("button", name="完成检查").click()
    phone.page.locator("dialog").get_by_role("button", name="完成检查").click()
    phone.until(
        lambda: rows("SELECT state FROM inspection_inspection WHERE id = %s", made) == [("finished",)]
    )
    phone.sent()


@pytest.mark.requirement("MOB-01")
def test_two_who_judge_one_line_see_both_and_decide(
    field: Callable[[str], Field],
    rows: Callable[..., list[Any]],
    colleague: str,
    picture: Callable[[Page, str], None],
) -> None:
    mine = field("inspector")
    mine.begin(colleague)
    mine.sent()
    key = mine.key()
    made = int(key.rpartition("/")[2])
    other = field("inspector")  # the same account at another phone; a colleague at the desk is no different
    other.screen(f"record/{key}")
    expect(other.page.get_by_role("heading", name="检查表")).to_be_visible()
    mine.offline()
    mine.fail(0, "栏杆缺失 3 米")
    other.fail(0, "栏杆松动")
    other.page.locator("h1").click()
    other.screen("waiting")
    other.page.get_by_role("button", name="立即上传").click()
    other.sent()
    line = "SELECT problem FROM inspection_inspectionline WHERE inspection_id = %s"
    other.until(lambda: rows(line, made) == [("栏杆松动",)])

    mine.page.locator("h1").click()
    mine.online()
    mine.screen("waiting")
    card = mine.page.locator(".conflict")
    expect(card.get_by_text("栏杆缺失 3 米")).to_be_visible(timeout=30_000)
    expect(card.get_by_text("栏杆松动")).to_be_visible()
    assert rows(line, made) == [("栏杆松动",)]  # nothing was overwritten
    picture(mine.page, "field-conflict")
    card.locator("[data-choose=mine]").click()
    card.get_by_role("button", name="按所选提交").click()
    mine.sent()
    assert rows(line, made) == [("栏杆缺失 3 米",)]


@pytest.mark.requirement("MOB-08", "MOB-04")
def test_a_connection_that_breaks_in_an_upload_and_an_answer_that_gets_lost_double_nothing(
    field: Callable[[str], Field],
    rows: Callable[..., list[Any]],
    picture: Callable[[Page, str], None],
) -> None:
    """A project manager replies to an order with photos from before and after."""
    ((order, username),) = rows(
        "SELECT o.id, a.username FROM inspection_order o JOIN cases_caseduty d ON d.case_id = o.case_id"
        " AND d.is_current AND d.is_holder JOIN authority_account a ON a.id = d.account_id"
        " WHERE o.state = 'open' AND a.username = 'manager' ORDER BY o.id DESC LIMIT 1"
    )
    phone = field(username)
    phone.screen(f"record/inspection/orders/{order}")
    phone.page.locator("[data-act=reply]").click()
    phone.page.get_by_label("整改情况").fill("已加设防护栏杆并验收")
    for name in ("before", "after"):
        phone.page.locator(f"[data-take={name}]").first.set_input_files(picture_file())
        expect(
            phone.page.locator(".field.files", has=phone.page.locator(f"[data-take={name}]")).locator("img")
        ).to_have_count(1)
    picture(phone.page, "field-reply")

    def taken() -> int:
        kept = "SELECT count(*) FROM files_evidence e JOIN authority_account a ON a.id = e.uploaded_by_id"
        return int(rows(f"{kept} WHERE a.username = %s AND device_note LIKE %s", username, "现场端%")[0][0])

    had = taken()
    # the first photo arrives but its answer does not; then the page is killed
    seen: list[str] = []

    def cut(route: Route) -> None:
        seen.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    phone.context.route("**/api/v1/field/files", cut)
    phone.page.get_by_role("button", name="整改回复").click()
    phone.until(lambda: taken() == had + 1)
    phone.page.close()
    phone.context.unroute("**/api/v1/field/files")

    # and the answer to the reply itself is lost once
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort()

    phone.context.route(re.compile(r"/api/v1/inspection/orders/\d+/actions/reply"), lose)
    phone.page = phone.context.new_page()
    phone.page.goto("/field/")
    replies = "SELECT count(*) FROM inspection_reply WHERE order_id = %s AND body = '已加设防护栏杆并验收'"
    phone.until(lambda: rows(replies, order) == [(1,)] and bool(lost))
    phone.page.get_by_role("link", name="待上传").click()
    phone.page.get_by_role("button", name="立即上传").click()
    phone.sent()
    assert seen
    assert rows(replies, order) == [(1,)]
    assert taken() == had + 2


def test_the_next_person_on_the_phone_sees_nothing_and_signing_out_tells_what_would_be_lost(
    field: Callable[[str], Field], colleague: str, picture: Callable[[Page, str], None]
) -> None:
    phone = field("inspector")
    phone.offline()
    phone.begin(colleague)
    phone.screen("me")
    phone.page.get_by_role("button", name="退出并清除本机数据").click()
    expect(phone.page.locator("dialog")).to_contain_text("1 项未上传")
    picture(phone.page, "field-leave")
    phone.page.locator("dialog").get_by_role("button", name="取消").click()
    expect(phone.page.locator("[data-waiting='1']")).to_be_visible()
    phone.online()
    phone.sent()
    phone.screen("today")
    phone.screen("me")
    phone.page.get_by_role("button", name="退出并清除本机数据").click()
    phone.page.locator("dialog").get_by_role("button", name="退出", exact=True).click()
    expect(phone.page.get_by_text("本机数据已清除")).to_be_visible()
    assert phone.page.evaluate("indexedDB.databases().then(all => all.length)") == 0
    phone.page.reload()
    expect(phone.page.get_by_role("link", name="登录")).to_be_visible()
