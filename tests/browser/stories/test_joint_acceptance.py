"""One application for joint acceptance: departments in parallel, the slowest in sight, one result."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from siteloop.kernel.times import SHANGHAI
from tests.browser.stories.papers import paper, photo
from tests.browser.stories.person import Person, Typed

Rows = Callable[..., list[Any]]
PROJECT = "当湖街道商业综合体10号（演示）"
PAPERS = ("联合验收申请表", "竣工图", "工程竣工报告")
#: the departments besides the two that the story follows: account, title, verdict, words
OTHERS = (
    ("planning", "自然资源和规划", "合格", "与规划许可一致"),
    ("defence", "人防", "不涉及", "未配建人防工程"),
    ("archive", "城建档案", "合格", "档案齐全"),
)


@pytest.fixture
def ready_project(rows: Rows) -> None:
    """The stages before a joint acceptance have passed."""
    for stage in ("permit", "supervision_filing"):
        rows(
            "INSERT INTO project_stages_stagemark (project_id, stage, state, at, title)"
            " SELECT id, %s, 'passed', now(), '' FROM registry_project p WHERE name = %s AND NOT EXISTS"
            " (SELECT 1 FROM project_stages_stagemark m WHERE m.project_id = p.id AND m.stage = %s)",
            stage,
            PROJECT,
            stage,
        )


@pytest.mark.requirement("JACC-01")
def test_departments_examine_side_by_side_the_slowest_is_seen_and_one_result_is_given(
    person: Callable[..., Person], ready_project: None, rows: Rows, picture: Callable[[Page, str], None]
) -> None:
    enterprise = person("enterprise")
    enterprise.opens("/joint_acceptance/applications/new")
    enterprise.types(
        {
            "项目": PROJECT,
            "申请单位": "演示建工集团01",
            "验收范围": f"3号楼（{dt.datetime.now(SHANGHAI):%H%M%S}）",
        }
    )
    enterprise.presses("保存")
    enterprise.hears("已保存")
    application = enterprise.page.url
    for title in PAPERS:
        enterprise.does(
            "上传材料", {"材料名称": title, "文件或照片": [paper(title)]}, f"已上传“{title}” 1 份"
        )
    enterprise.does("提交申请", says="已提交，等待牵头部门受理")
    enterprise.may_not("受理并分送各部门")
    enterprise.may("撤回申请")
    fire = person("fire")
    county = person("county")
    county.opens(application)
    county.may_not("撤回申请")  # that is the applicant's own act
    county.does("受理并分送各部门", says="5 个部门开始并联审查")
    key = county.key

    # the fire department has had it for two days; it finds something, the applicant puts it right
    rows(
        "UPDATE joint_acceptance_departmentopinion SET turn_at = turn_at - interval '2 days' WHERE application_id = %s"
        " AND department_id = (SELECT id FROM joint_acceptance_department WHERE code = 'fire' LIMIT 1)",
        key,
    )
    fire.opens(application)
    fire.may_not("出具联合验收意见书", "受理并分送各部门")
    row = fire.main.get_by_role("row").filter(has_text="消防")
    expect(row).to_contain_text("最慢")
    row.get_by_role("link").first.click()
    fire.page.wait_for_url("**/opinions/*/")
    problem: dict[str, Typed] = {
        "类别": "须整改",
        "问题或建议": "3层防火门闭门器失效",
        "照片": [photo("门.png")],
    }
    fire.does("提出问题或建议", problem, "已记录问题：3层防火门闭门器失效")
    fire.asks("出具意见", {"结论": "合格", "意见": "符合要求"})
    fire.is_refused("尚有 1 项问题未整改完毕")
    opinion = fire.page.url.split("actions/")[0]
    fire.opens(opinion)
    fire.does("交由整改", says="已将 1 项问题交由申请单位整改，本部门计时暂停")
    fire.follows("3层防火门闭门器失效")
    fire.may_not("提交整改", "复查通过")
    enterprise.opens(fire.page.url)
    enterprise.may_not("复查通过")
    enterprise.does("提交整改", {"整改情况": "已更换闭门器", "整改照片": [photo("新门.png")]}, "已提交整改")
    fire.page.reload()
    fire.does("复查通过", {"复查意见": "整改到位"}, "问题已全部整改，请出具意见")
    fire.opens(opinion)
    fire.does("出具意见", {"结论": "合格", "意见": "消防验收合格"})

    # meanwhile another department gives its own; nobody gives another's, and nothing is concluded before all have
    county.page.reload()
    county.main.get_by_role("row").filter(has_text="住房和城乡建设").get_by_role("link").first.click()
    county.page.wait_for_url("**/opinions/*/")
    county.does("出具意见", {"结论": "合格", "意见": "竣工验收程序合规"})
    county.opens(opinion)
    county.may_not("出具意见", "撤回意见")
    county.opens(application)
    county.asks("出具联合验收意见书", {"综合意见": "同意通过"})
    county.is_refused("尚有部门未出具意见：")
    county.opens(application)
    picture(county.page, "story-joint-side-by-side")
    for account, title, verdict, words in OTHERS:
        department = person(account)
        department.opens(opinion)
        department.may_not("出具意见", "撤回意见")
        department.opens(application)
        department.may_not("出具联合验收意见书", "安排联合踏勘", "撤回申请")
        department.follows(title)
        department.does("出具意见", {"结论": verdict, "意见": words}, f"已出具意见：{verdict}")
    county.opens(application)
    county.does("出具联合验收意见书", {"综合意见": "同意通过"}, "已制作联合验收意见书：")
    enterprise.opens(application)
    enterprise.sees("综合意见", "同意通过")
    enterprise.follows("联合验收意见书")
    printed = enterprise.prints(f"{enterprise.page.url}pdf")
    for words in ("消防验收合格", "竣工验收程序合规", "未配建人防工程", "档案齐全"):
        assert words in printed
    picture(enterprise.page, "story-joint-result")


@pytest.fixture
def late_opinion(rows: Rows) -> dict[str, Any]:
    """The demo's department that has let its time run out: its opinion, the application, its case."""
    found = rows(
        "SELECT o.id, o.application_id, o.case_id FROM joint_acceptance_departmentopinion o"
        " JOIN joint_acceptance_department d ON d.id = o.department_id WHERE o.is_overdue AND d.code = 'fire'"
    )
    assert found, "the demo keeps a late department for a visitor"
    return dict(zip(("opinion", "application", "case"), found[0], strict=True))


@pytest.mark.requirement("JACC-01", "DISP-06")
def test_a_late_department_is_urged_supervised_and_only_its_opinion_ends_it(
    person: Callable[..., Person],
    late_opinion: dict[str, Any],
    lapse: Callable[..., None],
    picture: Callable[[Page, str], None],
) -> None:
    application = f"/joint_acceptance/applications/{late_opinion['application']}/"
    opinion = f"/joint_acceptance/opinions/{late_opinion['opinion']}/"
    case = f"/cases/cases/{late_opinion['case']}/"
    county, fire, planning = person("county"), person("fire"), person("planning")
    county.opens(application)
    row = county.main.get_by_role("row").filter(has_text="消防")
    expect(row).to_contain_text("最慢")
    expect(row).to_contain_text("逾期")
    county.asks("出具联合验收意见书", {"综合意见": "同意通过"})
    county.is_refused("尚有部门未出具意见：消防")
    planning.opens(opinion)
    planning.may_not("出具意见")

    # words instead of an opinion do not help; it goes up to the lead
    fire.opens(case)
    fire.does("提交整改", {"办理意见": "下周办理"}, "已办理")
    fire.reads("部门尚未在联合验收中出具意见")
    lapse(late_opinion["case"])
    fire.hears_of("催办逾期，牵头部门督办")
    county.opens(case)
    county.reads("督办出具意见")
    county.may_not("提交整改", "核查通过")
    picture(county.page, "story-joint-supervised")

    fire.opens(opinion)
    fire.does("出具意见", {"结论": "合格", "意见": "消防备案抽查合格"}, "已出具意见：合格")
    county.page.reload()
    county.reads("部门意见已出具", "案件已结束")
    county.opens(application)
    expect(row).to_contain_text("曾逾期")
    county.does("出具联合验收意见书", {"综合意见": "同意通过"}, "已制作联合验收意见书：")
    planning.opens(application)
    planning.sees("状态", "验收通过")
    assert "消防备案抽查合格" in county.takes("联合验收意见书")
