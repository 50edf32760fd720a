"""From the check table to the order: nothing failed is left without a consequence."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pypdf import PdfReader

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents.models import DocumentDelivery
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import keep, path_of
from siteloop.framework.action import Refused
from siteloop.framework.perform import create, perform
from siteloop.framework.testing import officer
from siteloop.systems.inspection import actions, applying
from siteloop.systems.inspection.loading import load_all
from siteloop.systems.inspection.models import (
    CheckTable,
    Inspection,
    InspectionLine,
    Measure,
    Order,
)
from siteloop.systems.inspection.tests import rows

pytestmark = pytest.mark.django_db
LOOK = "the test looks"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def _judge(inspection, viewer, *, failed=(), **more):
    items = [i for i, _ in actions.open_items(inspection)]
    lines = [
        {"item": i.pk, "result": "failed", "deducted": 4, "problem": f"{i.title}不到位", **more}
        if n in failed
        else {"item": i.pk, "result": "ok"}
        for n, i in enumerate(items)
    ]
    perform(actions.record, viewer, inspection, {"lines": json.dumps(lines)})


@pytest.mark.requirement("INSP-01")
def test_the_programs_tables_are_whole():
    load_all()
    load_all()
    suite = CheckTable.objects.unscoped(LOOK).filter(suite="jgj59")
    weights = {t.category: t.weight for t in suite}
    assert len(weights) == 10 and sum(weights.values()) == 100
    assert (weights["文明施工"], weights["施工机具"]) == (15, 5)
    for table in suite:
        assert sum(i.points for i in table.items.all()) == 100, table
        guaranteed = sum(i.points for i in table.items.filter(is_guaranteed=True))
        assert guaranteed in (0, 60), table
    assert not suite.filter(verified=True).exists(), "items nobody checked against the text say so"
    record = CheckTable.objects.unscoped(LOOK).filter(suite="quality_record")
    assert [t.category for t in record] == ["质量行为", "工程资料", "工程实体抽查"]


@pytest.mark.requirement("INSP-11")
def test_the_catalogue_of_measures_has_its_basis_and_ranges():
    load_all()
    measures = {m.code: m for m in Measure.objects.unscoped(LOOK)}
    assert {"rectify", "stop_partial", "stop_full", "criticism", "talk", "demerit", "transfer"} <= set(
        measures
    )
    dust = measures["fine_dust"]
    assert (dust.fine_low, dust.fine_high, dust.verified) == (10_000, 100_000, True)
    assert "未核实" in measures["stop_full"].basis


@pytest.mark.parametrize("people", [1, 2])
def test_at_least_two_inspectors_of_an_authority(people):
    viewer = viewer_for(rows.inspector())
    stranger = officer(
        [], sees="organisation", organisation=rows.registry.organisation("330482", "contractor")
    )
    who = [rows.inspector().pk, stranger.pk][:people]
    data = {
        "site": rows.staffed_site()[0].pk,
        "checked_on": str(timezone.localdate()),
        "inspectors": who,
        "tables": [rows.table().pk],
    }
    with pytest.raises(Refused, match="两人"):
        create(Inspection, viewer, data)
    assert not Inspection.objects.unscoped(LOOK).exists()
    data["inspectors"] = [rows.inspector().pk, rows.inspector().pk]
    assert create(Inspection, viewer, data).project_id


def test_a_condition_decides_by_project_and_devices():
    site, _ = rows.staffed_site()
    municipal = {"field": "work_kind", "op": "eq", "value": "municipal"}
    assert not applying.applies(municipal, site) and applying.applies({}, site)
    assert applying.applies({"field": "structure", "op": "eq", "value": "装配式"}, site), (
        "what is not known applies"
    )
    assert applying.applies({"devices": "tower_crane"}, site, set()), "no machine reports: nobody knows"
    assert not applying.applies({"devices": "tower_crane"}, site, {"hoist"})
    assert applying.problems({"field": "x", "op": "like", "value": 1}) and applying.problems({"what": 1})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"result": "failed", "deducted": 4}, "须写明问题"),
        ({"result": "failed", "problem": "x", "deducted": 11}, "不超过应得分 10"),
        ({"result": "failed", "problem": "x", "deducted": 0}, "大于 0"),
        ({"result": "failed", "problem": "x", "deducted": "NaN"}, "大于 0"),
        ({"result": "failed", "problem": "x", "deducted": "abc"}, "须为数字"),
        ({"result": "maybe"}, "结果须为"),
        ({"item": 0, "result": "ok"}, "不在本次检查表"),
        ({"result": "failed", "problem": "x", "deducted": 4, "photos": [987654]}, "附件不存在"),
    ],
)
def test_a_bad_line_is_refused_in_words_and_nothing_is_kept(line, words):
    inspection = rows.inspection()
    item = actions.open_items(inspection)[0][0]
    with pytest.raises(Refused) as no:
        perform(
            actions.record,
            rows.first_inspector(inspection),
            inspection,
            {"lines": json.dumps([{"item": item.pk, **line}])},
        )
    assert words in no.value.message
    assert not InspectionLine.objects.unscoped(LOOK).exists()


@pytest.mark.parametrize("typed", ["{", '"x"', "[1]", "null"])
def test_lines_that_are_no_list_are_refused(typed):
    inspection = rows.inspection()
    with pytest.raises(Refused, match="格式有误"):
        perform(actions.record, rows.first_inspector(inspection), inspection, {"lines": typed})


def test_not_finished_before_every_line_is_judged():
    inspection = rows.inspection()
    with pytest.raises(Refused, match="还有 3 项未检查"):
        perform(actions.finish, rows.first_inspector(inspection), inspection, {})


@pytest.mark.requirement("INSP-13", "INSP-08")
def test_a_failed_line_forces_an_order_and_the_order_is_one_record_for_desk_and_phone():
    inspection = rows.inspection()
    viewer = rows.first_inspector(inspection)
    _judge(inspection, viewer, failed=(0, 1))
    with pytest.raises(Refused, match="2 项不符合未处理"):
        perform(actions.finish, viewer, inspection, {})
    said = perform(actions.order_from_inspection, viewer, inspection, {"measure": rows.measure("rectify").pk})
    order = Order.objects.unscoped(LOOK).get()
    assert order.number in said and len(order.items) == 2
    assert order.case.loop == "inspection_order" and order.case.source == "inspection"
    assert order.case.findings.count() == 1
    with pytest.raises(Refused):
        perform(actions.order_from_inspection, viewer, inspection, {"measure": rows.measure("rectify").pk})
    with pytest.raises(Refused, match="已开具文书"):
        _judge(inspection, viewer)
    perform(actions.finish, viewer, inspection, {})
    inspection.refresh_from_db()
    # 22 of 30 points: a guaranteed line has 6 of 10, two thirds of 60 stand
    assert (inspection.failed, str(inspection.score), inspection.grade) == (2, "0.00", "failed")


def test_put_right_on_the_spot_needs_no_order_and_scores():
    inspection = rows.inspection()
    viewer = rows.first_inspector(inspection)
    _judge(inspection, viewer, failed=(2,), fixed_on_spot=True)
    perform(actions.finish, viewer, inspection, {})
    inspection.refresh_from_db()
    assert (str(inspection.score), inspection.grade) == ("86.67", "excellent")
    assert not Case.objects.unscoped(LOOK).exists()
    with pytest.raises(Refused):
        _judge(inspection, viewer)


@pytest.mark.requirement("INSP-09")
def test_the_record_is_printed_with_its_problems_and_photos_and_delivered():
    site, manager = rows.staffed_site()
    inspection = rows.inspection(site=site)
    viewer = rows.first_inspector(inspection)
    photo = keep(viewer, SimpleUploadedFile("a.png", _png(), "image/png"))
    told = {
        "id": photo.pk,
        "taken_at": timezone.now().isoformat(),
        "lon": 121.02,
        "lat": 30.7,
        "device": "PDA-7",
    }
    _judge(inspection, viewer, failed=(2,), fixed_on_spot=True, photos=[told])
    perform(actions.finish, viewer, inspection, {})
    inspection.refresh_from_db()
    reader = PdfReader(io.BytesIO(path_of(inspection.document.sha256).read_bytes()))
    said = "".join(p.extract_text() for p in reader.pages).replace("\n", "")
    assert "监督检查记录" in said and "测试项3不到位" in said and "当场改正" in said
    assert any(len(page.images) for page in reader.pages)
    kept = Evidence.objects.unscoped(LOOK).get(pk=photo.pk)
    assert (kept.lon, kept.device_note, kept.project_id) == (
        121.02,
        "PDA-7",
        site.project_id,
    ) and kept.taken_at
    sent = DocumentDelivery.objects.unscoped(LOOK).filter(document=inspection.document)
    assert manager in [d.account for d in sent]


def _png() -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    raw = b"".join(b"\x00" + b"\xc0\x50\x20" * 8 for _ in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    )


def test_a_photo_of_another_project_proves_nothing_here():
    inspection, other = rows.inspection(), rows.inspection()
    viewer = rows.first_inspector(inspection)
    photo = keep(viewer, SimpleUploadedFile("a.png", PICTURE, "image/png"))
    _judge(other, rows.first_inspector(other), failed=(), photos=[])
    photo.project_id, photo.region_code = other.project_id, other.region_code
    photo.save()
    with pytest.raises(Refused, match="其他项目"):
        _judge(inspection, viewer, failed=(0,), photos=[photo.pk])


def test_the_desk_fills_the_tables_and_keeps_what_was_typed_when_it_is_wrong():
    from django.test import Client

    inspection = rows.inspection()
    desk = Client()
    desk.force_login(
        inspection.inspectors.order_by("pk").first(), backend="django.contrib.auth.backends.ModelBackend"
    )
    path = f"/inspection/inspections/{inspection.pk}/fill"
    assert "测试项1" in desk.get(path).content.decode()
    first, second, third = [i.pk for i, _ in actions.open_items(inspection)]
    typed = {f"result-{first}": "failed", f"deducted-{first}": "99", f"problem-{first}": "防护栏杆缺失三处"}
    answer = desk.post(path, typed)
    assert answer.status_code == 422
    assert "不超过应得分" in answer.content.decode() and "防护栏杆缺失三处" in answer.content.decode()
    typed |= {f"deducted-{first}": "3", f"result-{second}": "ok", f"result-{third}": "absent"}
    typed[f"photos-{first}"] = SimpleUploadedFile("a.png", PICTURE, "image/png")
    assert desk.post(path, typed).status_code == 302
    held = {x.item_id: x for x in InspectionLine.objects.unscoped(LOOK)}
    assert (held[first].deducted, held[third].result, held[first].photos.count()) == (3, "absent", 1)


def test_filling_asks_the_right_and_the_scope():
    from django.test import Client

    inspection = rows.inspection()
    for account, status in ((officer(["inspection.inspection.view"]), 403), (officer(["*"], "330411"), 404)):
        desk = Client()
        desk.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
        assert desk.get(f"/inspection/inspections/{inspection.pk}/fill").status_code == status
