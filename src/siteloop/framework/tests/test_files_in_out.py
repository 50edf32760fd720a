"""Import and export."""

import csv
import io

import pytest
from django.apps import apps
from openpyxl import Workbook, load_workbook

from siteloop.framework import importing
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tested_paths")]
API = "/api/tested/authority/tested"
HOME, ABROAD = "330482", "330411"
HEAD = ["名称", "类别", "区划代码", "上级单位", "在用"]


def orgs():
    return apps.get_model("authority.Organisation")._base_manager


def org(name, region=HOME, **more):
    return orgs().create(name=name, kind="builder", region_code=region, **more)


def comma(*lines, encoding="utf-8"):
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *lines])
    file = io.BytesIO(text.getvalue().encode(encoding))
    file.name = "单位.csv"
    return file


def excel(*lines):
    book = Workbook()
    for line in (HEAD, *lines):
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    file.name = "单位.xlsx"
    return file


def send(who, file, query="dry_run=false"):
    answer = who.upload(f"{API}/import?{query}", file=file)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_dry_run_checks_everything_and_writes_nothing():
    report = send(caller(), comma(["甲", "建设单位", HOME, "", "是"]), "")
    assert report == {"rows": 1, "created": 1, "updated": 0, "written": False, "errors": []}
    assert not orgs().filter(name="甲").exists()


@pytest.mark.parametrize("make", [comma, excel, lambda *lines: comma(*lines, encoding="gb18030")])
def test_rows_are_created_and_updated_by_key(make):
    org("乙")
    parent = org("上级单位甲")
    report = send(
        caller(), make(["甲", "施工单位", HOME, "上级单位甲", "否"], ["乙", "contractor", HOME, "", ""])
    )
    assert (report["created"], report["updated"], report["written"]) == (1, 1, True), report
    made = orgs().get(name="甲")
    assert (made.kind, made.parent, made.is_active) == ("contractor", parent, False)
    assert orgs().get(name="乙").kind == "contractor"
    assert TrailEntry.objects.unscoped("test").filter(model="authority.organisation").count() == 2


def test_errors_name_row_column_and_reason_and_keep_the_file_out():
    org("外地", ABROAD)
    file = comma(
        ["好", "建设单位", HOME, "", "是"],
        ["错类", "不知道", HOME, "", "是"],
        ["", "建设单位", HOME, "", ""],
        ["引外地", "建设单位", HOME, "外地", ""],
        ["写外地", "建设单位", ABROAD, "", ""],
        ["错真假", "建设单位", HOME, "", "也许"],
        ["外地", "建设单位", HOME, "", ""],
    )
    report = send(caller(), file)
    assert not report["written"]
    assert not orgs().filter(name="好").exists()
    assert [(e["row"], e["column"]) for e in report["errors"]] == [
        (3, "类别"),
        (4, "名称"),
        (5, "上级单位"),
        (6, ""),
        (7, "在用"),
        (8, "名称"),
    ]
    assert report["errors"][2]["message"] == "找不到“外地”"


def test_right_rows_may_be_written_alone():
    report = send(
        caller(),
        comma(["好", "建设单位", HOME, "", ""], ["错", "x", HOME, "", ""]),
        "dry_run=false&all_or_nothing=false",
    )
    assert report["written"] and report["created"] == 1
    assert orgs().filter(name="好").exists()


def test_import_needs_its_own_right():
    who = caller(["authority.organisation.view", "authority.organisation.create"])
    assert who.upload(f"{API}/import", file=comma(["甲", "建设单位", HOME, "", ""])).status_code == 403


@pytest.mark.parametrize(
    "name, body",
    [
        ("a.xlsx", b"PK nonsense"),
        ("a.txt", b"x"),
        ("a.csv", b""),
        ("a.csv", "名称\n".encode()),
        ("a.csv", "怪列\n1\n".encode()),
    ],
)
def test_unreadable_files_are_422(name, body):
    from siteloop.framework.tests.urls import ORGS

    file = io.BytesIO(body)
    file.name = name
    with pytest.raises(Refused) as no:
        importing.read(ORGS, file)
    assert no.value.status == 422


def test_template_has_titles_picks_and_notes_and_can_be_filled_in():
    answer = caller().get(f"{API}/import/template")
    book = load_workbook(io.BytesIO(answer.content))
    assert [c.value for c in book.worksheets[0][1]] == [
        "名称",
        "简称",
        "类别",
        "区划代码",
        "上级单位",
        "在用",
    ]
    assert any("按此列识别" in str(r[2].value) for r in book["填写说明"].iter_rows())


def test_export_is_scoped_safe_and_told():
    org("=HYPERLINK(1)")
    org("外", ABROAD)
    who = caller()
    answer = who.get(f"{API}/export?format=csv&kind=builder")
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [r[0] for r in rows] == ["名称", "'=HYPERLINK(1)"]
    assert rows[1][1] == "建设单位"
    answer = who.get(f"{API}/export?kind=builder")
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert sheet.cell(2, 1).data_type == "s" and sheet.max_row == 2
    told = TrailEntry.objects.unscoped("test").filter(action="authority.organisation.export")
    assert told.count() == 2 and told.first().changes["count"] == 1
    assert who.get(f"{API}/export?nonsense=1").status_code == 422
    assert caller(["authority.organisation.view"]).get(f"{API}/export").status_code == 403
