"""Forms: errors stand beside their fields, dangerous acts ask why, deleting asks first, several rows are asked about once."""

import pytest
from django.apps import apps

from siteloop.foundation.registry.tests import rows
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import caller

pytestmark = pytest.mark.django_db
HOME = "330482"


def party():
    return apps.get_model("registry.Party")._base_manager.create(
        project=rows.project(HOME), kind="contractor", organisation=rows.organisation(HOME)
    )


@pytest.fixture
def rule():
    pack = apps.get_model("packs.Pack")._base_manager.create(code="p", title="包", region_code=HOME)
    return apps.get_model("packs.PackRule")._base_manager.create(
        pack=pack, code="dust.high", title="规则", detector="threshold", severity="blue", params={"limit": 75}
    )


def told(action):
    return TrailEntry.objects.unscoped("what the test did").filter(action=action)


def test_errors_stand_beside_their_fields_and_at_the_top_and_nothing_typed_is_lost():
    project = rows.project(HOME)
    answer = caller(["*"], HOME).html.post(
        "/registry/sites/new",
        {"project": project.pk, "name": "", "region_code": HOME, "lon": "abc", "address": "路 1 号"},
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert '<a href="#i-lon">' in page and '<a href="#i-name">' in page
    assert 'id="i-lon" name="lon" value="abc"' in page and 'aria-describedby="e-lon' in page
    assert 'value="路 1 号"' in page
    assert f'<option value="{project.pk}" selected>{project}</option>' in page


def test_a_form_refers_by_search_box():
    page = caller(["*"], HOME).html.get("/registry/sites/new").content.decode()
    assert 'data-source="/registry/sites/lookup/project?for=form"' in page
    assert 'data-source="/registry/sites/lookup/region_code?for=form"' in page


@pytest.mark.requirement("SEC-08")
def test_a_dangerous_act_asks_why_and_the_trail_keeps_it():
    device = rows.device(HOME)
    who = caller(["*"], HOME).html
    path = f"/registry/devices/{device.pk}/actions/retire"
    assert 'name="reason"' in who.get(path).content.decode()
    refused = who.post(path, {"reason": "  "})
    assert refused.status_code == 422
    device.refresh_from_db()
    assert device.state == "active"
    assert who.post(path, {"reason": "已移到另一工地"}).status_code == 302
    device.refresh_from_db()
    assert device.state == "retired"
    assert told("registry.device.retire").get().reason == "已移到另一工地"


@pytest.mark.requirement("SEC-08")
def test_a_dangerous_act_without_a_text_of_its_own_asks_why_all_the_same(rule):
    who = caller(["*"], HOME).html
    path = f"/packs/rules/{rule.pk}/actions/switch_enabled"
    page = who.get(path).content.decode()
    assert 'name="reason"' in page and "确定吗" in page
    versions = type(rule)._base_manager.filter(code=rule.code).order_by("-version")
    assert who.post(path, {}).status_code == 422
    assert versions[0].enabled
    assert who.post(path, {"reason": "设备检修期间停用"}).status_code == 302
    assert not versions[0].enabled
    assert told("packs.packrule.switch_enabled").get().reason == "设备检修期间停用"


@pytest.mark.requirement("SEC-08")
def test_deleting_asks_first_and_wants_a_reason():
    row = party()
    who = caller(["*"], HOME).html
    path = f"/registry/parties/{row.pk}/"
    assert f'href="{path}delete"' in who.get(path).content.decode()
    assert "不能恢复" in who.get(f"{path}delete").content.decode()
    model = apps.get_model("registry.Party")
    assert who.post(f"{path}delete", {}).status_code == 422
    assert model._base_manager.filter(pk=row.pk).exists()
    assert who.post(f"{path}delete", {"reason": "登记错了"}).status_code == 302
    assert not model._base_manager.filter(pk=row.pk).exists()
    assert told("registry.party.delete").get().reason == "登记错了"


def test_what_is_never_deleted_has_no_such_door():
    site = rows.site(HOME)
    who = caller(["*"], HOME).html
    assert who.post(f"/registry/sites/{site.pk}/delete", {"reason": "x"}).status_code == 405
    assert who.get("/registry/parties/999999/delete").status_code == 404


def test_without_the_right_deleting_is_closed():
    row = party()
    who = caller(["registry.party.view", "registry.party.change"], HOME).html
    assert who.post(f"/registry/parties/{row.pk}/delete", {"reason": "x"}).status_code == 403
    assert "/delete" not in who.get(f"/registry/parties/{row.pk}/").content.decode()


def test_without_the_right_importing_is_closed_and_some_registers_take_no_files():
    assert caller(["registry.party.view"], HOME).html.get("/registry/parties/import").status_code == 403
    who = caller(["*"], HOME).html
    assert who.get("/registry/parties/import").status_code == 200
    assert who.get("/registry/maintenance-reviews/import").status_code == 404


def test_several_rows_without_a_choice_say_so():
    who = caller(["*"], HOME).html
    answer = who.post("/notice/notices/actions/mark_read", {}, follow=True)
    assert "请先勾选记录" in answer.content.decode()
