"""What a phone sends after hours without a network: once, on the version it saw, or told why not."""

import datetime as dt
import json

import pytest
from django.test import Client
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.registry.models import ProjectPost
from siteloop.framework.perform import perform
from siteloop.systems.inspection import actions
from siteloop.systems.inspection.models import Inspection, InspectionLine, InspectionMaterial, Order
from siteloop.systems.inspection.tests import rows
from siteloop.systems.inspection.tests.phone import PNG, Phone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fast_plane")]
WHY = "a test looks at all rows"


def lines_of(inspection):
    return {x.item_id: x for x in InspectionLine.objects.unscoped(WHY).filter(inspection=inspection)}


@pytest.fixture
def two():
    """An open inspection and the phones of its two inspectors."""
    inspection = rows.inspection()
    people = list(inspection.inspectors.order_by("pk"))
    return inspection, Phone(people[0]), Phone(people[1])


def judged(inspection, **more):
    item = inspection.tables.get().items.order_by("number").first()
    return {"item": item.pk, "result": "failed", "deducted": 5, "problem": "临边防护缺失", **more}


def record(phone, inspection, line, key):
    seen = {"api": f"/api/v1/inspection/inspections/{inspection.pk}"}
    return phone.act(seen, "record", {"lines": json.dumps([line])}, key)


@pytest.mark.requirement("MOB-01", "INSP-02")
def test_the_tasks_carry_the_inspection_with_its_lines_and_open_acts(two):
    inspection, phone, _ = two
    shown = phone.record(f"inspection/inspections/{inspection.pk}")
    assert shown["is_open"] and shown["lines"] == {}
    assert shown["tables"] == [inspection.tables.get().pk]
    assert "finish" in {a["code"] for a in shown["actions"]}
    assert record(phone, inspection, judged(inspection, base=None), "line-1").status_code == 200
    again = phone.record(shown["key"])
    (line,) = again["lines"].values()
    assert (line["result"], line["deducted"], line["problem"]) == ("failed", "5", "临边防护缺失")
    assert again["version"] != shown["version"]
    order = next(a for a in again["actions"] if a["code"] == "order")
    assert order["fields"][0]["reference"] == "inspection.Measure"


@pytest.mark.requirement("MOB-01")
def test_an_act_sent_twice_is_done_once(two):
    inspection, phone, _ = two
    rows.measure("rectify")
    record(phone, inspection, judged(inspection, base=None), "a")
    seen = phone.record(f"inspection/inspections/{inspection.pk}")
    given = {"measure": rows.measure("rectify").pk}
    first = phone.act(seen, "order", given, "order-1", seen["version"])
    assert first.status_code == 200, first.content
    again = phone.act(seen, "order", given, "order-1", seen["version"])
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Order.objects.unscoped(WHY).filter(inspection=inspection).count() == 1


@pytest.mark.requirement("MOB-01")
def test_two_judgements_of_one_line_are_shown_both_and_nothing_is_overwritten(two):
    inspection, mine, other = two
    assert (
        record(other, inspection, judged(inspection, base=None, problem="栏杆松动"), "o").status_code == 200
    )
    answer = record(mine, inspection, judged(inspection, base=None), "m")
    assert answer.status_code == 409
    told = answer.json()["conflict"]
    assert told["kind"] == "lines" and told["by"]
    (line,) = told["lines"]
    assert line["mine"]["problem"] == "临边防护缺失"
    assert line["theirs"]["problem"] == "栏杆松动"
    assert next(iter(lines_of(inspection).values())).problem == "栏杆松动"
    # decided for mine, on the version now seen: the same key was not used up by the refusal
    decided = judged(inspection, base=line["theirs"])
    assert record(mine, inspection, decided, "m").status_code == 200
    assert next(iter(lines_of(inspection).values())).problem == "临边防护缺失"


@pytest.mark.requirement("MOB-01")
def test_two_people_may_fill_different_lines_and_agree_on_one(two):
    inspection, mine, other = two
    first, second, _ = inspection.tables.get().items.order_by("number")
    assert record(mine, inspection, {"item": first.pk, "result": "ok", "base": None}, "1").status_code == 200
    assert (
        record(other, inspection, {"item": second.pk, "result": "ok", "base": None}, "2").status_code == 200
    )
    assert record(other, inspection, {"item": first.pk, "result": "ok", "base": None}, "3").status_code == 200
    assert len(lines_of(inspection)) == 2


@pytest.mark.requirement("MOB-01")
def test_an_act_on_a_record_that_was_changed_is_refused_with_both_versions(two):
    inspection, mine, other = two
    seen = mine.record(f"inspection/inspections/{inspection.pk}")
    record(other, inspection, judged(inspection, base=None), "o")
    answer = mine.act(seen, "void", {"reason": "误建"}, "v", seen["version"])
    assert answer.status_code == 409
    told = answer.json()["conflict"]
    assert told["kind"] == "record"
    assert told["row"]["id"] == inspection.pk
    assert told["changes"][0]["sentence"].startswith("测试员")
    inspection.refresh_from_db()
    assert inspection.state == "open"
    assert mine.act(seen, "void", {"reason": "误建"}, "v", told["version"]).status_code == 200


@pytest.mark.requirement("MOB-10")
def test_a_file_sent_twice_is_kept_once_with_time_place_and_hash(two):
    _, phone, _ = two
    taken = timezone.now() - dt.timedelta(hours=3)
    told = {"taken_at": taken.isoformat(), "lon": "121.02", "lat": "30.70", "device": "现场端"}
    first = phone.upload("file-1", **told)
    assert first.status_code == 201, first.content
    assert phone.upload("file-1", **told).json() == first.json()
    kept = Evidence.objects.unscoped(WHY).get()
    assert (kept.taken_at, kept.lon, kept.lat, kept.device_note) == (taken, 121.02, 30.7, "现场端")
    assert kept.sha256 == first.json()["sha256"]


def test_a_file_that_arrives_damaged_is_refused_and_may_be_sent_again(two):
    _, phone, _ = two
    assert phone.upload("f", sha256="0" * 64).status_code == 422
    assert not Evidence.objects.unscoped(WHY).exists()
    assert phone.upload("f").status_code == 201


def test_a_clock_that_runs_ahead_is_not_believed(two):
    _, phone, _ = two
    phone.upload("f", taken_at=(timezone.now() + dt.timedelta(days=1)).isoformat())
    assert Evidence.objects.unscoped(WHY).get().taken_at is None


@pytest.mark.requirement("MOB-01", "INSP-02")
def test_a_signature_is_kept_with_its_name_and_printed_in_the_record(two):
    inspection, phone, _ = two
    file = phone.upload("s", PNG).json()["id"]
    seen = {"api": f"/api/v1/inspection/inspections/{inspection.pk}"}
    nameless = phone.act(seen, "attach", {"kind": "signature", "files": [file]}, "s1")
    assert nameless.status_code == 422
    assert (
        phone.act(seen, "attach", {"kind": "signature", "person": "王工", "files": [file]}, "s2").status_code
        == 200
    )
    material = InspectionMaterial.objects.unscoped(WHY).get()
    assert (material.person, material.file.project_id) == ("王工", inspection.project_id)
    for item in inspection.tables.get().items.all():
        record(phone, inspection, {"item": item.pk, "result": "ok", "base": None}, f"l{item.pk}")
    perform(actions.finish, viewer_for(inspection.inspectors.first()), inspection)
    inspection.refresh_from_db()
    words = json.dumps(inspection.document.content, ensure_ascii=False)
    assert "签名 王工" in words and material.file.sha256 in words


def test_an_inspection_made_on_the_phone_is_made_once(two):
    """A create carries its key too, and answers with the version further acts build on."""
    inspection, phone, _ = two
    body = {
        "site": inspection.site_id,
        "kind": "daily",
        "checked_on": "2026-11-20",
        "inspectors": [a.pk for a in inspection.inspectors.all()],
        "tables": [t.pk for t in inspection.tables.all()],
        "note": "",
    }
    from django.test import Client

    send = lambda: Client().post(  # noqa: E731
        "/api/v1/inspection/inspections",
        json.dumps(body),
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY="new-1",
        **phone.token,
    )
    made = send().json()
    assert send().json() == made
    assert made["version"] == phone.record(f"inspection/inspections/{made['id']}")["version"]
    assert Inspection.objects.unscoped(WHY).count() == 2


def test_a_stranger_sees_and_changes_nothing(two):
    inspection, _, _ = two
    abroad = Phone(rows.inspector("330411"))
    assert abroad.get("/api/v1/field/tasks")["records"] == []
    assert record(abroad, inspection, judged(inspection, base=None), "x").status_code == 404
    nobody = Phone(rows.inspector(permissions=()))
    assert nobody.get("/api/v1/field/kept")["sites"] == []
    assert nobody.upload("x").status_code == 403


@pytest.mark.requirement("MOB-08")
def test_who_holds_a_case_but_may_not_see_its_order_handles_the_case_itself_once():
    """As an urban-management officer does: the case with its step and story, replied to with a photo."""
    site, holder = rows.staffed_site()
    order = rows.order(site=site)
    role = holder.posts.get().role
    role.permissions = ["cases.*", "files.*"]
    role.save()
    phone = Phone(holder)
    seen = phone.record(f"cases/cases/{order.case_id}")
    assert seen["kind"] == "case" and seen["story"]
    reply = next(a for a in seen["actions"] if a["code"] == "reply")
    assert [f["kind"] for f in reply["fields"]] == ["multiline", "files"]
    given = {"body": "已整改", "evidence": [phone.upload("p").json()["id"]]}
    first = phone.act(seen, "reply", given, "r", seen["version"])
    assert first.status_code == 200, first.content
    assert phone.act(seen, "reply", given, "r", seen["version"]).json() == first.json()
    order.case.refresh_from_db()
    assert order.case.events.filter(kind="reply").count() == 1
    # the case moved on: an act on the version seen before is a conflict, not a second reply
    assert phone.act(seen, "comment", {"body": "补充"}, "c", seen["version"]).status_code == 409


@pytest.mark.requirement("INSP-08")
def test_an_order_is_one_record_on_phone_and_desk_whichever_wrote_it(two):
    inspection, phone, _ = two
    record(phone, inspection, judged(inspection, base=None), "a")
    seen = phone.record(f"inspection/inspections/{inspection.pk}")
    made = phone.act(seen, "order", {"measure": rows.measure("rectify").pk}, "order-1", seen["version"])
    assert made.status_code == 200, made.content
    order = Order.objects.unscoped(WHY).get(inspection=inspection)
    desk = Client()
    desk.force_login(inspection.inspectors.first(), backend="django.contrib.auth.backends.ModelBackend")
    page = desk.get(f"/inspection/orders/{order.pk}/").content.decode()
    assert order.number in page and "临边防护缺失" in page
    manager = ProjectPost.objects.unscoped(WHY).get(project=order.project, kind="project_manager").account
    on_phone = Phone(manager).record(f"inspection/orders/{order.pk}")
    assert on_phone["document"]["number"] == order.number
    assert "reply" in {a["code"] for a in on_phone["actions"]}
    perform(actions.withdraw, viewer_for(inspection.inspectors.first()), order, {"reason": "误开"})
    after = {r["key"] for r in Phone(manager).get("/api/v1/field/tasks")["records"]}
    assert on_phone["key"] not in after, "taken back at the desk, gone from the phone"
    assert "已撤回" in desk.get(f"/inspection/orders/{order.pk}/").content.decode()
