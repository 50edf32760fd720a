"""A fire application's way: handed in by the contractor, decided by the fire office alone, delivered, and checked by anybody."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stories.papers import paper, photo
from tests.browser.stories.person import Person, Typed

Rows = Callable[..., list[Any]]
PROJECT, APPLICANT = "当湖街道工业厂房28号（演示）", "演示建工集团01"
PAPERS = ("消防设计审查（备案）申请表", "消防设计文件")
PROOF = "消防产品证明文件"


@pytest.mark.requirement("FIRE-01", "BIZ-01", "BIZ-04", "BIZ-06")
def test_a_fire_application_is_decided_by_the_fire_office_and_its_certificate_checked_by_anybody(
    person: Callable[..., Person],
    visit: Callable[..., Page],
    rows: Rows,
    picture: Callable[[Page, str], None],
) -> None:
    enterprise = person("enterprise")
    enterprise.opens("/acceptance/applications/new")
    enterprise.types(
        {"业务类别": "消防", "项目": PROJECT, "申请单位": APPLICANT, "申请事项": "消防设计审查（备案）"}
    )
    enterprise.presses("保存")
    enterprise.hears("已保存")
    application = enterprise.page.url
    for title in PAPERS:
        enterprise.does(
            "上传材料", {"材料名称": title, "文件或照片": [paper(title)]}, f"已上传“{title}” 1 份"
        )
    enterprise.asks("提交申请")
    enterprise.is_refused(f"材料不齐，尚缺 1 项：{PROOF}")
    enterprise.opens(application)
    enterprise.does("上传材料", {"材料名称": PROOF, "文件或照片": [paper(PROOF)]}, "材料已齐")
    enterprise.does("提交申请", says="已提交。承办人：消防受理员")
    enterprise.may("撤回申请")

    # the county looks on; it may give the matter to nobody who does not do fire, nor take it back for the applicant
    county = person("county")
    county.opens(application)
    county.may_not("受理", "告知补正", "准予", "撤回申请")
    county.asks("改派", {"受理人员": "质安监督员", "改派原因": "分工调整"})
    county.is_refused("该人员不办理本地的消防业务")
    window = person("window")
    window.opens(application)
    window.may_not("撤回申请", "上传材料", "提交申请")
    window.does("受理", says="已受理：")
    assert PROOF in window.takes("受理通知书")
    window.opens(application)
    window.does("准予", {"办理意见": "消防设计文件符合要求"}, "已准予：")
    picture(window.page, "story-fire-granted")

    # the applicant has its paper, the project manager too, and anybody may ask whether it is real
    enterprise.page.reload()
    enterprise.sees("状态", "准予")
    enterprise.may_not("撤回申请")
    assert "消防" in enterprise.takes("业务办结证明")
    manager = person("manager")
    manager.opens(enterprise.page.url)
    manager.reads("业务办结证明")
    ((code, number),) = rows("SELECT code, number FROM documents_document WHERE id = %s", enterprise.key)
    public = visit()
    public.goto(f"/verify/{code}")
    expect(public.get_by_text("真实有效")).to_be_visible()
    expect(public.get_by_text(number)).to_be_visible()
    expect(public.get_by_text(PROJECT)).to_have_count(0)
    picture(public, "story-fire-verified")


@pytest.fixture
def accepted(rows: Rows) -> str:
    """A fire application of the demo contractor, accepted, where every filing is drawn for an after-check; its address."""
    rows(
        "UPDATE packs_packvalue SET value = jsonb_set(value, '{fire}', '100') WHERE key = 'acceptance.check_share'"
    )
    ((key,),) = rows(
        "INSERT INTO acceptance_application (kind, project_id, applicant_id, matter, contact, number, state,"
        " submitted_at, accepted_at, officer_id, officer_why, correction, corrections, opinion, lot)"
        " SELECT 'fire', p.id, o.id, '消防验收备案', '', '演示受理', 'accepted', now(), now(), a.id, '', '', 0, '', ''"
        " FROM registry_project p, authority_organisation o, authority_account a"
        " WHERE p.name = %s AND o.name = %s AND a.username = 'window' RETURNING id",
        PROJECT,
        APPLICANT,
    )
    return f"/acceptance/applications/{key}/"


@pytest.mark.requirement("FIRE-01", "BIZ-05")
def test_a_filing_the_lot_falls_on_is_checked_by_another_put_right_and_told_in_writing(
    person: Callable[..., Person], accepted: str, picture: Callable[[Page, str], None]
) -> None:
    window, inspector = person("window"), person("inspector")
    window.opens(accepted)
    window.does("准予", {"办理意见": "符合要求"}, "抽中事后核查，核查人：质安监督员")
    window.reads("抽取比例 100%：抽中")
    case = window.opens_case()
    window.may_not("核查通过", "核查不通过")  # whoever decided does not look
    inspector.opens(case)
    failed: dict[str, Typed] = {"办理意见": "二层防火门缺闭门器", "照片或材料": [photo("门.png")]}
    inspector.does("核查不通过", failed, "核查不合格，限期整改")
    inspector.may_not("提交整改")
    enterprise = person("enterprise")
    enterprise.opens(case)
    enterprise.may_not("核查通过", "核查不通过")
    enterprise.does("提交整改", {"办理意见": "闭门器已安装", "照片或材料": [photo("新门.png")]}, "已办理")
    inspector.page.reload()
    inspector.does("核查通过", {"办理意见": "复查合格，准予使用"}, "整改合格")

    enterprise.opens(accepted)
    enterprise.follows("整改合格")
    enterprise.sees("核查不合格", "是")
    picture(enterprise.page, "story-fire-checked")
    printed = enterprise.takes("事后核查结果告知书")
    assert "复查合格，准予使用" in printed and "经整改复查合格" in printed
