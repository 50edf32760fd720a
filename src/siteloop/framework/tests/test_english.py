"""English of what models say: looked up where it is drawn, read back from files, and held together by `siteloop check`."""

import csv
import io

import pytest
from django.apps import apps
from django.utils import translation
from openpyxl import Workbook, load_workbook

from siteloop.framework import english, exporting, import_template, importing, perform, trail_words
from siteloop.framework.action import Refused
from siteloop.framework.check import glossary
from siteloop.framework.check.folders import folders
from siteloop.framework.language import pick, term
from siteloop.framework.listing import Listing
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing.reading import left_in_chinese
from siteloop.framework.tests.urls import ORGS
from siteloop.framework.viewer import system_viewer

HEAD = ["Name", "Short name", "Category", "Region code", "Parent organisation", "In use"]


@pytest.fixture
def in_english():
    with translation.override("en"):
        yield


def excel(*lines):
    book = Workbook()
    for line in lines:
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    file.name = "units.xlsx"
    return file


def test_a_word_is_english_where_english_is_read(in_english):
    assert term("施工许可证编号") == "Construction permit no."
    assert term("没有人说过的词") == "没有人说过的词"
    assert pick("施工单位") == "Contractor"
    assert pick("施工单位", "Builder of the bridge") == "Builder of the bridge"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("一次最多测试 92 日", "At most 92 days are tested at once"),
        ("当前环节“城管处置”不能做此操作", "This cannot be done at the step “城管处置”"),
        ("材料不齐，尚缺 2 项：施工许可证、{图纸}", "2 papers are missing: 施工许可证, {图纸}"),
        (
            "该型号是“扬尘噪声监测”，与设备类型不符",
            "The model is of the kind “Dust and noise”, which is not that of the device",
        ),
        ("没有人说过 3 句话", "没有人说过 3 句话"),
    ],
)
def test_a_refusal_with_values_is_english_with_its_values(said, told, in_english, monkeypatch):
    known = {**english.terms(), "扬尘噪声监测": "Dust and noise"}
    monkeypatch.setattr(english, "terms", lambda: known)
    assert str(Refused(said, errors={"a": [said]}).errors["a"][0]) == told


def test_a_sentence_takes_as_many_values_as_its_chinese():
    for zh, en in english.terms().items():
        if english.HOLE in zh:
            assert en.count(english.HOLE) == zh.count(english.HOLE) or "{0}" in en, zh


def test_chinese_readers_pay_nothing(monkeypatch):
    monkeypatch.setattr(english, "terms", lambda: pytest.fail("looked up for a Chinese reader"))
    assert term("施工单位") == pick("施工单位") == "施工单位"


# ---- files


@pytest.mark.django_db
@pytest.mark.parametrize("reader", ["en", "zh-hans"])
def test_a_file_is_read_in_either_language_whoever_reads_it(reader):
    who = system_viewer("测试")
    file = excel(HEAD, ["甲", "", "Contractor", "330482", "", "no"])
    with translation.override(reader):
        report = importing.load(ORGS, who, importing.read(ORGS, file), dry_run=False)
    assert report.written, report.errors
    made = apps.get_model("authority.Organisation")._base_manager.get(name="甲")
    assert (made.kind, made.is_active) == ("contractor", False)


@pytest.mark.django_db
def test_template_and_export_speak_the_language_of_their_reader(in_english):
    book = load_workbook(io.BytesIO(import_template.template(ORGS)))
    assert [cell.value for cell in book.worksheets[0][1]] == HEAD
    notes = "\n".join(str(cell.value) for row in book.worksheets[1].iter_rows() for cell in row)
    assert not glossary.is_chinese(notes) and "Urban management squad" in notes
    apps.get_model("authority.Organisation")._base_manager.create(
        name="One", kind="builder", region_code="330482"
    )
    listing = Listing(ORGS, system_viewer("测试"), {"search": "One"})
    written = b"".join(exporting.lines(listing)).decode().removeprefix("\ufeff")
    head, row = csv.reader(io.StringIO(written))
    assert head == ["Name", "Category", "Region code", "Parent organisation", "In use"]
    assert row == ["One", "Builder", "330482", "", "yes"]


@pytest.mark.django_db
def test_errors_of_a_file_name_the_column_in_english(in_english):
    file = excel(HEAD, ["甲", "", "nobody", "330482", "", ""])
    report = importing.load(ORGS, system_viewer("测试"), importing.read(ORGS, file))
    assert [(e.row, e.column) for e in report.errors] == [(2, "Category")]
    assert report.errors[0].message.startswith("must be one of: ")
    with pytest.raises(Refused, match="Unknown columns: Colour"):
        importing.read(ORGS, excel([*HEAD, "Colour"], ["甲"]))


# ---- trail and messages


@pytest.mark.django_db
def test_trail_and_messages_name_fields_in_english(in_english):
    who, Organisation = system_viewer("测试"), apps.get_model("authority.Organisation")
    row = perform.create(Organisation, who, {"name": "甲", "kind": "contractor", "region_code": "330482"})
    perform.change(row, who, {"kind": "builder"})
    entries = TrailEntry.objects.unscoped("the test looks").filter(object_id=row.pk).order_by("pk")
    changed = trail_words.told(list(entries.filter(model="authority.organisation")), who)[-1].changes
    assert [(c.title, c.before, c.after) for c in changed] == [("Category", "Contractor", "Builder")]
    entry = entries.filter(action="authority.organisation.create").get()
    assert entry.sentence == "测试新增单位甲", "what is kept stays Chinese, whoever did it"
    Zone = apps.get_model("regions.Zone")
    region = apps.get_model("regions.Region")._base_manager.get_or_create(
        code="330482", defaults={"name": "平湖市", "level": 3}
    )[0]
    zone = {"code": "z1", "name": "One", "region": region}
    perform.create(Zone, who, zone)
    with pytest.raises(Refused) as no:
        perform.create(Zone, who, zone)
    told = [words for messages in no.value.errors.values() for words in messages]
    assert told and not any(map(glossary.is_chinese, told)), told


# ---- the check


def test_every_word_of_every_register_has_its_english():
    rules = (glossary.words_have_english, glossary.english_tells_apart)
    assert [str(p) for folder in folders() for rule in rules for p in rule(folder)] == []
    assert [str(p) for p in glossary.the_glossary_is_one()] == []


def test_a_word_without_english_is_told(monkeypatch):
    kept = {zh: en for zh, en in english.terms().items() if zh not in ("施工许可证编号", "塔式起重机")}
    monkeypatch.setattr(english, "terms", lambda: kept)
    registry = next(f for f in folders() if f.name == "registry")
    found = [str(p) for p in glossary.words_have_english(registry)]
    assert len(found) == 2, found
    assert any("施工许可证编号" in told and "Project.permit_number" in told for told in found), found


def test_two_folders_that_disagree_are_told(monkeypatch):
    told = {**english.by_app(), "dust": {**english.by_app()["dust"], "施工单位": "Builder"}}
    monkeypatch.setattr(english, "by_app", lambda: told)
    assert [str(p) for p in glossary.the_glossary_is_one()] == [
        "dust: “施工单位” is “Builder” here and “Contractor” in authority [english]"
    ]


def test_a_term_nobody_says_is_told(monkeypatch):
    told = {**english.by_app(), "dust": {**english.by_app()["dust"], "没有人说过的词": "Unheard"}}
    monkeypatch.setattr(english, "by_app", lambda: told)
    assert [p.where for p in glossary.the_glossary_is_one()] == ["dust"]


def test_two_choices_of_one_field_keep_two_words(monkeypatch):
    told_alike = {**english.terms(), "勘察单位": "Design firm"}
    monkeypatch.setattr(english, "terms", lambda: told_alike)
    registry = next(f for f in folders() if f.name == "registry")
    told = [str(p) for p in glossary.english_tells_apart(registry)]
    assert any("Party.kind" in one and "design firm" in one for one in told), told


def test_the_reader_of_pages_tells_words_from_data():
    page = '<main><h1>海盐大桥</h1><th>标段</th><td data-label="名称">海盐 施工单位</td><td>施工单位</td></main><p>施工单位</p>'
    assert left_in_chinese(page) == ["<th> 标段", "<td> 名称", "<td> 施工单位"]
    assert left_in_chinese(page, frozenset(["施工单位", "标段", "名称"])) == []
