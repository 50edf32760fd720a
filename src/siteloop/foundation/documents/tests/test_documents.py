"""Documents: numbered without gaps, set in Chinese, kept, delivered, verified by anybody, ended with a reason."""

import io
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from docx import Document as WordFile
from pypdf import PdfReader

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.documents import actions, catalogue, pages, store
from siteloop.foundation.documents.kind import Content, Facts, Grid, Head, Kind, Signs, Text, frozen, thawed
from siteloop.foundation.documents.models import Document, DocumentCounter, DocumentDelivery
from siteloop.foundation.files.store import path_of
from siteloop.foundation.notice.models import Notice
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.registry.models import ProjectPost
from siteloop.foundation.registry.tests import rows
from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.testing import RegisterTests, caller, officer
from siteloop.framework.viewer import system_viewer

CONTENT = Content(
    "演示建工集团01",
    (
        Text("经查，你单位承建的项目存在以下问题："),
        Grid(("序号", "问题"), (("1", "连墙件缺失 #strong[*] \\ $x$ @y <z>"),), (1, 4)),
        Head("整改要求"),
        Facts((("项目经理", "王㐂"), ("地址", "当湖街道演示路 123 号临时大门西侧约二百米处"))),
        Signs(("监督人员", "被检查单位")),
    ),
    "演示监理公司01",
)
KIND = Kind("test.order", "test", "责令整改通知书", "Order", "试改", compose=lambda key: CONTENT)
REGION = "330482"


@pytest.fixture(autouse=True)
def kinds(settings, tmp_path):
    settings.FILES = tmp_path / "files"
    catalogue.add(KIND)
    yield
    catalogue.find()


def _authority() -> Organisation:
    return rows.organisation(REGION, "supervision_body")


def _issue(**more) -> Document:
    project = more.pop("project", None) or rows.project(REGION)
    authority = more.pop("authority", None) or _authority()
    return store.issue(
        system_viewer("测试"),
        "test.order",
        CONTENT,
        authority=authority,
        region_code=REGION,
        project=project,
        **more,
    )


def _text(document: Document) -> str:
    reader = PdfReader(io.BytesIO(path_of(document.sha256).read_bytes()))
    return "".join(page.extract_text() for page in reader.pages).replace("\n", "")


class TestDocuments(RegisterTests):
    page = pages.documents

    def make_row(self, region):
        return store.issue(
            system_viewer("测试"),
            "test.order",
            CONTENT,
            authority=rows.organisation(region, "supervision_body"),
            region_code=region,
            project=rows.project(region),
        )


class TestDeliveries(RegisterTests):
    page = pages.deliveries

    def make_row(self, region):
        document = TestDocuments().make_row(region)
        row = DocumentDelivery(document=document, title="项目经理", sent_at=timezone.now())
        row.save()
        return row


@pytest.mark.django_db
def test_the_pdf_says_in_chinese_what_was_issued_and_typed_signs_stay_signs():
    document = _issue()
    said = _text(document)
    for words in (
        "责令整改通知书",
        document.number,
        "经查，你单位承建的项目存在以下问题",
        "王㐂",
        "抄送：演示监理公司01",
    ):
        assert words in said
    assert "连墙件缺失 #strong[*] \\ $x$ @y <z>" in said, "typed text is never read as markup"
    today = timezone.localdate()
    assert f"{today.year}年{today.month}月{today.day}日" in said


@pytest.mark.django_db
def test_the_letters_are_inside_the_file_and_no_system_font_is_needed():
    document = _issue()
    reader = PdfReader(io.BytesIO(path_of(document.sha256).read_bytes()))
    fonts = reader.pages[0]["/Resources"]["/Font"].get_object()
    names = {str(f.get_object()["/BaseFont"]) for f in fonts.values()}
    assert any("NotoSerifSC" in n for n in names) and any("NotoSansSC" in n for n in names)
    for font in fonts.values():
        described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(described), "every face is embedded"


@pytest.mark.django_db
def test_the_same_sheet_gives_the_same_bytes():
    from siteloop.foundation.documents import setting

    document = _issue()
    assert setting.pdf(store.sheet(document), document.issued_at) == path_of(document.sha256).read_bytes()


@pytest.mark.django_db
@pytest.mark.requirement("INSP-09")
def test_word_says_the_same():
    file = WordFile(io.BytesIO(store_word(_issue())))
    said = "\n".join(p.text for p in file.paragraphs) + "".join(
        c.text for t in file.tables for r in t.rows for c in r.cells
    )
    for words in ("责令整改通知书", "经查，你单位承建的项目存在以下问题", "王㐂", "连墙件缺失 #strong[*]"):
        assert words in said


def store_word(document: Document) -> bytes:
    from siteloop.foundation.documents.word import docx

    return docx(store.sheet(document))


def test_content_comes_back_from_its_json_as_it_was():
    assert thawed(frozen(CONTENT)) == CONTENT


@pytest.mark.django_db
def test_numbers_follow_the_regions_pattern_and_count_by_authority_mark_and_year():
    pack = Pack(code="t-number", title="文号", region_code=REGION)
    pack.save()
    PackValue(
        pack=pack, key="documents.number", title="文号", value="平建{word}〔{year}〕{serial:04d}号"
    ).save()
    authority = _authority()
    year = timezone.localdate().year
    assert _issue(authority=authority).number == f"平建试改〔{year}〕0001号"
    assert _issue(authority=authority).number == f"平建试改〔{year}〕0002号"
    assert _issue().number == f"平建试改〔{year}〕0001号", "another authority counts for itself"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "pattern", ["平建{word}〔{year}〕号", "{nobody}{serial}", "{serial", "{serial:x" + "9" * 70]
)
def test_a_broken_pattern_is_refused_in_words_and_takes_no_number(pattern):
    pack = Pack(code="t-number", title="文号", region_code=REGION)
    pack.save()
    PackValue(pack=pack, key="documents.number", title="文号", value=pattern).save()
    with pytest.raises(Refused, match="文号格式"):
        _issue()
    assert not Document.objects.unscoped("the test looks").exists()
    assert not DocumentCounter.objects.filter(last__gt=0).exists()


@pytest.mark.django_db
def test_an_act_that_fails_gives_its_number_back():
    authority = _authority()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _issue(authority=authority)
        raise ZeroDivisionError
    assert _issue(authority=authority).serial == 1


@pytest.mark.django_db(transaction=True)
def test_issued_at_once_by_many_the_numbers_have_no_gap_and_no_double():
    authority, project = _authority(), rows.project(REGION)
    wrong: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(4):
                _issue(authority=authority, project=project)
        except BaseException as why:  # noqa: BLE001 - a thread's fault must reach the test
            wrong.append(why)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    given = (
        Document.objects.unscoped("the test looks")
        .filter(authority=authority)
        .values_list("serial", flat=True)
    )
    assert sorted(given) == list(range(1, 17))


@pytest.mark.django_db
@pytest.mark.requirement("SEC-08")
def test_delivered_to_the_posts_opened_and_signed_for():
    project = rows.project(REGION)
    manager = officer(["documents.*", "files.*"], sees="project")
    ProjectPost(project=project, kind="project_manager", account=manager).save()
    ProjectPost(project=project, kind="safety_officer").save()
    document = _issue(project=project)
    sent = store.deliver(document, system_viewer("测试"), ("project_manager", "chief_supervisor"))
    assert [d.account for d in sent] == [manager]
    assert Notice.objects.unscoped("the test looks").filter(account=manager, kind="document").count() == 1
    desk = Client()
    desk.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    answer = desk.get(f"/documents/documents/{document.pk}/pdf")
    assert answer.status_code == 200 and b"".join(answer.streaming_content).startswith(b"%PDF-")
    (row,) = DocumentDelivery.objects.unscoped("the test looks").filter(document=document)
    assert row.opened_at is not None and row.received_at is None
    page = desk.get(f"/documents/documents/{document.pk}/").content.decode()
    assert "签收" in page and "待签收" in page
    assert desk.post(f"/documents/documents/{document.pk}/actions/acknowledge").status_code == 302
    row.refresh_from_db()
    assert row.received_at is not None and "平台签收" in row.receipt
    assert trail.verify() is None


@pytest.mark.django_db
def test_nobody_signs_for_somebody_else():
    document = _issue()
    DocumentDelivery(
        document=document, title="项目经理", account=officer(["documents.*"]), sent_at=timezone.now()
    ).save()
    stranger = caller(["documents.*"])
    answer = stranger.post(f"/api/v1/documents/documents/{document.pk}/actions/acknowledge")
    assert answer.status_code == 409


@pytest.mark.django_db
def test_a_delivery_on_paper_cannot_lie_in_the_future():
    document, clerk = _issue(), caller(["documents.*"])
    path = f"/api/v1/documents/documents/{document.pk}/actions/serve"
    late = (timezone.now() + timezone.timedelta(days=1)).isoformat()
    body = {"way": "left", "receiver": "项目部门卫", "received_at": late}
    assert clerk.post(path, body).status_code == 422
    body["received_at"] = timezone.now().isoformat()
    assert clerk.post(path, body).status_code == 200
    (row,) = DocumentDelivery.objects.unscoped("the test looks").filter(document=document)
    assert row.get_way_display() == "留置送达" and row.received_at


@pytest.mark.django_db
def test_a_document_of_another_region_has_no_file():
    document = _issue()
    foreign = caller(["*"], "330411")
    for tail in ("pdf", "word"):
        assert foreign.html.get(f"/documents/documents/{document.pk}/{tail}").status_code == 404
        assert Client().get(f"/documents/documents/{document.pk}/{tail}").status_code == 302


@pytest.mark.django_db
@pytest.mark.requirement("PORT-01", "PORT-03")
def test_anybody_verifies_without_signing_in_and_sees_nothing_of_the_matter():
    document = _issue()
    page = Client().get(f"/verify/{document.code}")
    said = page.content.decode()
    assert page.status_code == 200
    for words in ("真实有效", document.number, "责令整改通知书", document.authority.name, document.sha256):
        assert words in said
    for hidden in (document.project.name, "演示建工集团01", "连墙件", "王㐂"):
        assert hidden not in said
    spaced = " ".join(document.code[i : i + 4] for i in range(0, 20, 4)).lower()
    assert Client().get("/verify/", {"code": spaced}).headers["Location"] == f"/verify/{document.code}"


@pytest.mark.django_db
def test_a_document_without_a_file_says_so_and_asks_for_none():
    document = _issue()
    type(document).objects.unscoped("the test takes the file away").filter(pk=document.pk).update(sha256="")
    said = Client().get(f"/verify/{document.code}").content.decode()
    assert "真实有效" in said and "尚未生成" in said
    assert "SHA-256" not in said and 'type="file"' not in said


@pytest.mark.django_db
def test_an_unknown_code_and_an_empty_form():
    assert Client().get("/verify/").status_code == 200
    answer = Client().get("/verify/NOSUCHCODE23")
    assert answer.status_code == 404 and "查无此文书" in answer.content.decode()


@pytest.mark.django_db
def test_a_changed_file_is_told_from_the_issued_one():
    document = _issue()
    body = path_of(document.sha256).read_bytes()

    def sent(file: bytes) -> str:
        given = SimpleUploadedFile("a.pdf", file, "application/pdf")
        return Client().post(f"/verify/{document.code}", {"file": given}).content.decode()

    assert "一致：该文件与制作时完全相同" in sent(body)
    assert "不一致" in sent(body.replace(b"%%EOF", b"%%EOE"))
    assert "请先选择文件" in Client().post(f"/verify/{document.code}").content.decode()


@pytest.mark.django_db
def test_void_is_public_and_keeps_the_number():
    document, clerk = _issue(), officer(["documents.*"])
    from siteloop.foundation.authority.viewers import viewer_for

    viewer = viewer_for(clerk)
    with pytest.raises(Refused):
        perform(actions.void, viewer, document, {})
    perform(actions.void, viewer, document, {"reason": "受送达人写错"})
    said = Client().get(f"/verify/{document.code}").content.decode()
    assert "真实，但已作废" in said and "受送达人写错" not in said
    assert _issue(authority=document.authority).serial == 2
    with pytest.raises(Refused):
        perform(actions.void, viewer, document, {"reason": "再来一次"})


@pytest.mark.django_db
def test_issued_anew_the_old_one_points_to_the_new():
    project = rows.project(REGION)
    old = _issue(project=project, subject=project)
    from siteloop.foundation.authority.viewers import viewer_for

    perform(actions.replace, viewer_for(officer(["documents.*", "files.*"])), old, {"reason": "项目经理更换"})
    new = Document.objects.unscoped("the test looks").get(replaces=old)
    assert (new.serial, new.subject_id, new.state) == (2, project.pk, "in_force")
    said = Client().get(f"/verify/{old.code}").content.decode()
    assert "已被新文书替换" in said and new.number in said


@pytest.mark.django_db
def test_a_document_saved_without_its_file_is_set_when_it_is_first_opened():
    authority, project = _authority(), rows.project(REGION)
    (serial,) = store.take_numbers(authority, KIND.word, 2025)
    late = store.drafted(
        KIND,
        CONTENT,
        serial,
        authority=authority,
        region_code=REGION,
        issued_at=timezone.now(),
        project=project,
    )
    late.save()
    clerk = caller(["documents.*"])
    assert clerk.html.get(f"/documents/documents/{late.pk}/pdf").status_code == 200
    late.refresh_from_db()
    first = late.sha256
    assert first and clerk.html.get(f"/documents/documents/{late.pk}/pdf").status_code == 200
    late.refresh_from_db()
    assert late.sha256 == first


def test_two_kinds_cannot_share_a_mark():
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured):
        catalogue.add(Kind("test.other", "test", "别的", "Other", KIND.word))
