"""From the tender to the archive: order, papers, review, what a project takes over, its end, changed places, tables."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases.models import Case
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.packs.tests.saying import project_says
from siteloop.foundation.registry.models import Device, Party, Project, ProjectPost, Site
from siteloop.framework.action import Action, Refused
from siteloop.framework.perform import change, create, perform
from siteloop.framework.testing import caller, officer
from siteloop.framework.viewer import Viewer
from siteloop.systems.project_stages import actions, engine, national, pages
from siteloop.systems.project_stages.models import (
    Archive,
    Completion,
    DrawingReview,
    FormerPlace,
    Permit,
    PlaceChange,
    StageMark,
    SurveyDesign,
    Tender,
    VisibleProgress,
)
from siteloop.systems.project_stages.tests.rows import (
    DAY,
    contractor,
    data,
    organisation,
    paper,
    project,
    record,
)

pytestmark = pytest.mark.django_db
HOME = "330482"
WHY = "a test looks at everything"


def act(row: Any, code: str) -> Action:
    page = next(p for p in vars(pages).values() if getattr(p, "model", None) is type(row))
    return next(a for a in page.actions if a.code == code)


def do(row: Any, code: str, who: Viewer, **typed: Any) -> Any:
    return perform(act(row, code), who, row, typed)


def again(row: Any) -> Any:
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


@pytest.fixture
def builder() -> Viewer:
    return viewer_for(officer(organisation=contractor(HOME)))


@pytest.fixture
def authority() -> Viewer:
    return viewer_for(officer())


@pytest.fixture
def values() -> Pack:
    """A pack of the county that says what each test wants."""
    pack = Pack(code="test-county", title="测试县", region_code=HOME)
    pack.save()
    return pack


def say(pack: Pack, key: str, value: Any) -> None:
    PackValue(pack=pack, key=f"project_stages.{key}", value=value, title=key).save()


def passed(row: Any, builder: Viewer, authority: Viewer) -> Any:
    do(row, "submit", builder)
    do(row, "approve", authority, opinion="齐全")
    return again(row)


@pytest.mark.requirement("PROJ-03")
def test_a_tender_is_submitted_reviewed_and_stands_in_the_ledger(builder: Viewer, authority: Viewer) -> None:
    row = record(Tender, HOME)
    do(row, "submit", builder)
    assert StageMark.objects.unscoped(WHY).get(project=row.project).state == "submitted"
    do(row, "approve", authority, opinion="符合要求")
    row = again(row)
    assert (row.state, row.opinion, row.reviewed_by_id) == ("passed", "符合要求", authority.user)
    assert StageMark.objects.unscoped(WHY).get(project=row.project).state == "passed"


@pytest.mark.requirement("BASE-08")
def test_what_is_sent_back_can_be_mended_and_what_was_submitted_cannot(
    builder: Viewer, authority: Viewer
) -> None:
    row = record(Tender, HOME)
    do(row, "submit", builder)
    with pytest.raises(Refused) as no:
        change(again(row), builder, {"name": "改名"})
    assert "退回后" in str(no.value.errors)
    do(row, "send_back", authority, opinion="中标金额缺失")
    assert again(row).opinion == "中标金额缺失"
    change(again(row), builder, {"money_wan": "88"})
    do(row, "submit", builder)
    assert again(row).state == "submitted"


@pytest.mark.requirement("BASE-08")
def test_nobody_reviews_what_he_submitted(builder: Viewer) -> None:
    row = record(Tender, HOME)
    do(row, "submit", builder)
    with pytest.raises(Refused, match="不能审核自己"):
        do(row, "approve", builder, opinion="好")
    assert again(row).state == "submitted"


@pytest.mark.requirement("PROJ-06")
def test_the_packs_order_of_stages_is_kept(builder: Viewer, authority: Viewer, values: Pack) -> None:
    say(values, "needs", {"permit": ["drawing_review"]})
    one = project(HOME)
    permit = record(Permit, one)
    with pytest.raises(Refused, match="施工图审查（未办理）"):
        do(permit, "submit", builder)
    review = record(DrawingReview, one)
    do(review, "submit", builder)
    with pytest.raises(Refused, match="施工图审查（待审核）"):
        do(permit, "submit", builder)
    do(review, "approve", authority, opinion="合格")
    passed(permit, builder, authority)
    one = again(one)
    assert (one.permit_number, one.permit_date, str(one.contract_wan)) == (permit.number, DAY, "1200.5000")


@pytest.mark.requirement("PROJ-05")
def test_papers_the_pack_demands_must_be_there(builder: Viewer, values: Pack) -> None:
    say(values, "papers", {"drawing_review": ["审查合格书"]})
    row = record(DrawingReview, HOME)
    with pytest.raises(Refused, match="尚缺：审查合格书"):
        do(row, "submit", builder)
    foreign = paper(record(DrawingReview, HOME), "另一项目的材料").evidence
    with pytest.raises(Refused, match="已用于其他项目"):
        do(row, "attach", builder, title="审查合格书", files=[foreign.pk])
    kept = paper(record(DrawingReview, row.project), "合格书扫描件").evidence
    told = do(row, "attach", builder, title="审查合格书", files=[kept.pk])
    assert "材料已齐" in told
    do(row, "submit", builder)
    assert again(row).state == "submitted"


@pytest.mark.requirement("PROJ-04")
@pytest.mark.requirement("BASE-09")
def test_what_the_project_knows_is_not_typed_again(builder: Viewer) -> None:
    one = project(HOME, size_text="地上 18 层")
    made = create(SurveyDesign, builder, {"project": one.pk, **data(SurveyDesign)})
    assert made.size_text == "地上 18 层"


@pytest.mark.requirement("PROJ-09")
def test_progress_is_told_by_the_packs_parts_and_shown_on_the_project(
    builder: Viewer, authority: Viewer, values: Pack
) -> None:
    say(values, "parts", ["基础", "主体", "装饰"])
    one = project(HOME)
    with pytest.raises(Refused) as no:
        create(VisibleProgress, builder, {"project": one.pk, **data(VisibleProgress), "part": "屋顶花园"})
    assert "基础、主体、装饰" in str(no.value.errors["part"])
    with pytest.raises(Refused) as no:
        create(VisibleProgress, builder, {"project": one.pk, **data(VisibleProgress), "percent": 101})
    assert "percent" in no.value.errors
    row = create(VisibleProgress, builder, {"project": one.pk, **data(VisibleProgress), "percent": 60})
    assert pages.shown.progress(one, builder)["rows"] == []  # type: ignore[index]
    passed(row, builder, authority)
    assert again(one).progress == "主体 60%"
    assert [r["row"].percent for r in pages.shown.progress(one, builder)["rows"]] == [60]  # type: ignore[index]
    bridge = project(HOME)
    project_says(bridge, "project_stages.parts", ["桩基", "墩台", "架梁"])
    typed = {"project": bridge.pk, **data(VisibleProgress)}
    with pytest.raises(Refused) as no:
        create(VisibleProgress, builder, typed | {"part": "主体"})
    assert "桩基、墩台、架梁" in str(no.value.errors["part"])
    assert create(VisibleProgress, builder, typed | {"part": "墩台"}).pk


def _site(one: Project) -> Device:
    site = Site(project=one, name="竣工工地", region_code=one.region_code, state="under_construction")
    site.save()
    device = Device(code=f"END{one.pk}", profile="dust", site=site)
    device.save()
    return device


@pytest.mark.requirement("JACC-02")
@pytest.mark.requirement("PLAT-25")
def test_completion_ends_devices_posts_and_papers_and_keeps_the_file(
    builder: Viewer, authority: Viewer, django_capture_on_commit_callbacks: Any
) -> None:
    one = project(HOME)
    device = _site(one)
    manager = Account.objects.create(username="pm-end", display_name="项目经理")
    ProjectPost(project=one, kind="project_manager", account=manager).save()
    row = record(Completion, one)
    with django_capture_on_commit_callbacks(execute=True):
        passed(row, builder, authority)
    assert again(one).state == "completed"
    assert again(one).finished_on == DAY
    assert again(device).state == "stopped"
    assert not ProjectPost.objects.unscoped(WHY).filter(project=one).exists()
    former = FormerPlace.objects.unscoped(WHY).get(project=one)
    assert (former.account, former.why) == (manager, "项目竣工，岗位解除")
    with pytest.raises(Refused) as no:
        create(Tender, builder, {"project": one.pk, **data(Tender)})
    assert "已竣工" in str(no.value.errors)
    assert again(row).state == "passed"  # the file stays
    assert create(Archive, builder, {"project": one.pk, **data(Archive)}).pk


@pytest.mark.requirement("JACC-02")
def test_a_project_with_open_cases_is_not_completed(builder: Viewer, authority: Viewer) -> None:
    from django.utils import timezone

    one = project(HOME)
    row = record(Completion, one)
    case = Case(
        number="T-1",
        loop="dust_equipment",
        title="未闭环",
        project=one,
        region_code=HOME,
        opened_at=timezone.now(),
        step_since=timezone.now(),
        step="small_dispose",
    )
    case.save()
    with pytest.raises(Refused, match="1 件派单未闭环（T-1）"):
        do(row, "submit", builder)
    case.state = "closed"
    case.save()
    do(row, "submit", builder)
    case.state = "disposing"
    case.save()
    with pytest.raises(Refused, match="未闭环"):
        do(row, "approve", authority, opinion="同意")
    assert again(row).state == "submitted"
    assert again(one).state == "under_construction"


@pytest.mark.requirement("PROJ-01")
def test_another_contractor_comes_in_only_with_approval_and_the_old_is_kept(
    builder: Viewer, authority: Viewer
) -> None:
    one = project(HOME)
    old = Party.objects.unscoped(WHY).get(project=one)
    before, new = old.organisation, organisation(HOME)
    row = create(
        PlaceChange,
        builder,
        {
            "project": one.pk,
            "subject": "party",
            "kind": "contractor",
            "organisation": new.pk,
            "reason": "合同解除",
            "effective_on": DAY,
        },
    )
    do(row, "submit", builder)
    assert again(old).organisation == before
    do(row, "approve", authority, opinion="同意变更")
    assert again(old).organisation == new
    former = FormerPlace.objects.unscoped(WHY).get(project=one)
    assert (former.organisation, former.to_on, former.change_id) == (before, DAY, row.pk)


@pytest.mark.requirement("PROJ-01")
def test_a_post_needs_a_person_and_a_party_its_kind(builder: Viewer) -> None:
    one, unit = project(HOME), organisation(HOME)
    base = {"project": one.pk, "organisation": unit.pk, "reason": "变更"}
    with pytest.raises(Refused) as no:
        create(PlaceChange, builder, {**base, "subject": "post", "kind": "project_manager"})
    assert "person" in no.value.errors
    with pytest.raises(Refused) as no:
        create(PlaceChange, builder, {**base, "subject": "party", "kind": "project_manager"})
    assert "kind" in no.value.errors


def test_a_passed_joint_acceptance_is_a_stage() -> None:
    one = project(HOME)
    engine.jointly_accepted(one.pk, "LY-1")
    engine.jointly_accepted(one.pk, "LY-1")
    mark = StageMark.objects.unscoped(WHY).get(project=one)
    assert (mark.stage, mark.state) == ("joint_acceptance", "passed")


# ---- the national tables


def book(sheets: dict[str, list[list[Any]]]) -> SimpleUploadedFile:
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    body = io.BytesIO()
    made.save(body)
    return SimpleUploadedFile("national.xlsx", body.getvalue())


HEADS = ["PrjNum", "TenderName", "TenderInnerNum", "TenderMoney", "TenderResultDate"]


@pytest.mark.requirement("PROJ-02")
def test_the_national_tables_go_out_and_come_back_the_same(builder: Viewer, authority: Viewer) -> None:
    one = project(HOME)
    row = record(Tender, one)
    change(row, builder, {"money_wan": "321.5", "winner_name": "=HYPERLINK(1)", "result_date": DAY})
    draft = record(Tender, one)
    passed(row, builder, authority)
    sheets = load_workbook(io.BytesIO(national.book(builder, one)))
    assert sheets.sheetnames == [t.name for t in national.TABLES]
    heads, *rows = sheets["TBTenderInfo"].iter_rows(values_only=True)
    found = [dict(zip(heads, r, strict=True)) for r in rows]
    assert [f["TenderInnerNum"] for f in found] == [row.inner_number]  # the draft is not reported
    assert (found[0]["PrjNum"], found[0]["TenderMoney"]) == (one.code, 321.5)
    assert found[0]["TenderCorpName"] == "'=HYPERLINK(1)"  # never a formula
    assert found[0]["ConstructorIDCard"] is None
    upload = book({"TBTenderInfo": [HEADS, [one.code, "换名", draft.inner_number, 12.25, DAY]]})
    done = national.load(builder, upload)
    assert (done.created, done.updated, done.errors) == (0, 1, [])
    assert (again(draft).name, str(again(draft).money_wan)) == ("换名", "12.2500")


@pytest.mark.requirement("PROJ-02")
def test_an_import_names_row_and_column_and_writes_nothing_when_one_is_wrong(builder: Viewer) -> None:
    one, foreign = project(HOME), project("330411")
    upload = book(
        {
            "TBTenderInfo": [
                [*HEADS, "Nonsense"],
                [one.code, "好的标段", "A1", 10, DAY],
                [one.code, "坏金额", "A2", "很多钱", DAY],
                [foreign.code, "外县", "A3", 10, DAY],
                [one.code, "没有编号", None, 10, DAY],
            ]
        }
    )
    done = national.load(builder, upload)
    assert [(e.row, e.column) for e in done.errors] == [
        (1, "Nonsense"),
        (3, "TenderMoney"),
        (4, "PrjNum"),
        (5, "TenderInnerNum"),
    ]
    assert not Tender.objects.unscoped(WHY).exists()


@pytest.mark.requirement("PROJ-02")
def test_a_reviewed_record_is_not_overwritten_by_an_import(builder: Viewer, authority: Viewer) -> None:
    row = record(Tender, HOME)
    passed(row, builder, authority)
    upload = book({"TBTenderInfo": [HEADS, [row.project.code, "换名", row.inner_number, 1, DAY]]})
    done = national.load(builder, upload)
    assert "不能修改" in done.errors[0].message
    assert again(row).name == row.name


@pytest.mark.requirement("PROJ-02")
def test_a_file_that_is_no_table_is_refused_with_a_sentence(builder: Viewer) -> None:
    for upload in (SimpleUploadedFile("x.xlsx", b"PK no zip"), book({"Sheet1": [["a"]]})):
        with pytest.raises(Refused) as no:
            perform(actions.import_national, builder, None, {"file": upload})
        assert no.value.errors["file"]


@pytest.mark.requirement("PROJ-02")
def test_downloads_keep_scope_and_right() -> None:
    one, foreign = project(HOME), project("330411")
    who = caller()
    assert who.html.get(f"/project_stages/national.xlsx?project={one.pk}").status_code == 200
    assert who.html.get(f"/project_stages/national.xlsx?project={foreign.pk}").status_code == 404
    assert who.html.get("/project_stages/national-template.xlsx").status_code == 200
    assert caller(["registry.*"]).html.get("/project_stages/national.xlsx").status_code == 403
    book_of_all = load_workbook(io.BytesIO(who.html.get("/project_stages/national.xlsx").content))
    codes = [r[0] for r in book_of_all["TBProjectInfo"].iter_rows(min_row=2, values_only=True)]
    assert one.code in codes
    assert foreign.code not in codes


# ---- the page of a project


@pytest.mark.requirement("PROJ-09")
def test_the_page_of_a_project_shows_stages_progress_and_cranes(fast_plane: None) -> None:
    one = project(HOME)
    device = _site(one)
    crane = Device(code="TC-9", title="1号塔机", profile="tower_crane", site=device.site)
    crane.save()
    engine.jointly_accepted(one.pk, "LY-77")
    shown = caller().html.get(f"/places/projects/{one.pk}/").content.decode()
    for words in (
        "全过程",
        "联合验收 LY-77",
        "形象进度",
        "还没有审核通过的形象进度填报",
        "起重机械",
        "1号塔机",
        "从未上报",
    ):
        assert words in shown
