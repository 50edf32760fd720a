"""Performing acts: rights, scope before and after, references, trail, events."""

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from siteloop.framework import events, perform, trail
from siteloop.framework.action import Input, Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.typed import clean
from siteloop.framework.viewer import Viewer, system_viewer

pytestmark = pytest.mark.django_db
HOME, ABROAD = "330482", "330411"


def viewer(*permissions, regions=(HOME,)):
    return Viewer(user=7, name="张三", permissions=frozenset(permissions or ("*",)), regions=regions)


def orgs():
    return apps.get_model("authority.Organisation")


def org(name, region=HOME, **more):
    return orgs()._base_manager.create(name=name, kind="builder", region_code=region, **more)


def data(**more):
    return {"name": "新单位", "kind": "builder", "region_code": HOME, **more}


def refused(status, act):
    with pytest.raises(Refused) as no:
        act()
    assert no.value.status == status
    return no.value


def entries():
    return TrailEntry.objects.unscoped("test")


def test_create_needs_the_right_and_the_own_region():
    assert refused(403, lambda: perform.create(orgs(), viewer("authority.organisation.view"), data()))
    assert refused(403, lambda: perform.create(orgs(), viewer(), data(region_code=ABROAD)))
    assert not orgs()._base_manager.filter(name="新单位").exists()
    assert not entries().exists()
    assert perform.create(orgs(), viewer(), data()).pk


def test_row_cannot_be_moved_out_of_the_own_region_nor_taken_from_another():
    mine, theirs = org("本地"), org("外地", ABROAD)
    refused(403, lambda: perform.change(mine, viewer(), {"region_code": ABROAD}))
    refused(404, lambda: perform.change(theirs, viewer(), {"region_code": HOME}))
    mine.refresh_from_db()
    assert mine.region_code == HOME


def test_reference_to_an_invisible_row_is_refused_like_a_missing_one():
    theirs = org("外地", ABROAD)
    hidden = refused(422, lambda: perform.create(orgs(), viewer(), data(parent=theirs.pk)))
    missing = refused(422, lambda: perform.create(orgs(), viewer(), data(parent=10**9)))
    assert hidden.errors == missing.errors == {"parent": ["引用的记录不存在"]}


@pytest.mark.parametrize("bad", ["abc", [1], {"a": 1}, 10**30, True])
def test_any_nonsense_as_reference_is_422(bad):
    refused(422, lambda: perform.create(orgs(), viewer(), data(parent=bad)))


def test_zero_byte_is_422():
    refused(422, lambda: perform.create(orgs(), viewer(), data(short_name="a\x00b")))


def test_change_keeps_old_and_new_and_says_nothing_when_nothing_changed():
    row = org("甲")
    perform.change(row, viewer(), {"short_name": "小甲"})
    perform.change(row, viewer(), {"short_name": "小甲"})
    entry = entries().get()
    assert entry.changes == {"short_name": ["", "小甲"]}
    assert (entry.actor, entry.actor_name, entry.region_code, entry.object_id) == (7, "张三", HOME, row.pk)


def test_action_checks_right_state_input_and_rolls_back_when_it_refuses():
    from siteloop.framework.tests.urls import never, stop

    row = org("甲")
    refused(403, lambda: perform.perform(stop, viewer("authority.organisation.view"), row, {"why": "x"}))
    refused(404, lambda: perform.perform(stop, viewer(regions=(ABROAD,)), row, {"why": "x"}))
    assert refused(422, lambda: perform.perform(stop, viewer(), row, {})).errors == {"why": ["必填"]}
    assert (
        "extra" in refused(422, lambda: perform.perform(stop, viewer(), row, {"why": "x", "extra": 1})).errors
    )
    theirs = org("外地", ABROAD)
    refused(422, lambda: perform.perform(stop, viewer(), row, {"why": "x", "successor": theirs.pk}))
    refused(409, lambda: perform.perform(never, viewer(), row))
    row.refresh_from_db()
    assert row.is_active
    assert not entries().exists()
    assert perform.perform(stop, viewer(), row, {"why": "合并"}) == "已停用"
    assert entries().get().sentence == "张三停用甲：合并"
    assert entries().get().changes == {"is_active": [True, False]}
    refused(409, lambda: perform.perform(stop, viewer(), row, {"why": "再来"}))


def test_event_is_heard_after_commit_only(django_capture_on_commit_callbacks):
    from siteloop.framework.tests.urls import stop

    heard = []

    def listener(**payload):
        heard.append(payload)

    events.listen("organisation_stopped")(listener)
    try:
        row = org("甲")
        with django_capture_on_commit_callbacks(execute=False) as waiting:
            perform.perform(stop, viewer(), row, {"why": "合并"})
        assert heard == []
        for call in waiting:
            call()
        assert heard == [{"object": row.pk}]
    finally:
        events._listeners["organisation_stopped"].remove(listener)


def test_row_in_use_is_not_deleted():
    parent = org("上级")
    org("下级", parent=parent)
    refused(409, lambda: perform.delete(parent, viewer()))


@pytest.mark.requirement("SEC-08")
def test_trail_chain_shows_an_edit_and_the_database_refuses_it():
    for n in range(3):
        perform.create(orgs(), system_viewer("测试"), data(name=f"单位{n}"))
    assert trail.verify() is None
    victim = entries().order_by("pk")[1]
    for act in (
        lambda: entries().filter(pk=victim.pk).update(sentence="改"),
        lambda: entries().filter(pk=victim.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE framework_trailentry DISABLE TRIGGER trail_append_only")
        cursor.execute("UPDATE framework_trailentry SET sentence = '改' WHERE id = %s", [victim.pk])
        cursor.execute("ALTER TABLE framework_trailentry ENABLE TRIGGER trail_append_only")
    assert trail.verify().pk == victim.pk


def test_numbers_survive_the_chain():
    row = org("甲")
    trail.record(system_viewer("测试"), "x", row, "数", changes={"n": [1e20, 0.1, float("nan"), 10**25]})
    assert trail.verify() is None


def test_secrets_never_reach_the_trail():
    people = apps.get_model("people.Person")
    row = people(name="张三丰", id_number="330482199503071219", region_code=HOME)
    shown = perform.snapshot(row)
    assert "张三丰" not in str(shown) and "330482199503071219" not in str(shown)
    assert shown["name"] != perform.snapshot(people(name="李四"))["name"]


@pytest.mark.parametrize(
    ("kind", "means"), [("number", None), ("money", None), ("date", None), ("text", ""), ("files", [])]
)
def test_an_empty_box_of_a_form_means_nothing_of_its_kind(kind: str, means: object) -> None:
    asked = (Input("one", "一项", "one", kind=kind),)
    assert clean(asked, {"one": ""}, system_viewer("t")) == {"one": means}
