"""Lists: search boxes keep to the scope, the person's columns, filters that are shown as they work."""

import csv
import io
import re

import pytest
from django.apps import apps

from siteloop.foundation.registry.tests import rows
from siteloop.framework import lookups, pages_found, shapes
from siteloop.framework.models import ListShape
from siteloop.framework.testing import caller

pytestmark = pytest.mark.django_db
DEVICES, SITES, PARTIES = "/registry/devices/", "/registry/sites/", "/registry/parties/"
HOME, ABROAD = "330482", "330411"


def found(who, path):
    answer = who.html.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


@pytest.mark.requirement("SEC-06")
def test_a_filter_suggests_only_what_the_viewers_own_list_refers_to():
    here, there = rows.device(HOME), rows.device(ABROAD)
    who = caller(["registry.device.view"], HOME)
    told = found(who, f"{DEVICES}lookup/site?q=")
    assert [one["value"] for one in told] == [str(here.site_id)]
    assert there.site.name not in str(told)
    assert found(who, f"{DEVICES}lookup/site?q={there.site.name}") == []


@pytest.mark.requirement("SEC-06")
def test_a_form_suggests_only_what_the_viewer_may_refer_to():
    here, there = rows.project(HOME), rows.project(ABROAD)
    told = found(caller(["registry.site.create"], HOME), f"{SITES}lookup/project?for=form&q=")
    values = [one["value"] for one in told]
    assert str(here.pk) in values and str(there.pk) not in values


def test_without_the_right_nothing_is_suggested():
    rows.device(HOME)
    who = caller(["registry.project.view"], HOME).html
    assert who.get(f"{DEVICES}lookup/site?q=").status_code == 403
    assert who.get(f"{SITES}lookup/project?for=form&q=").status_code == 403


@pytest.mark.parametrize("field", ["password", "token_hash", "code", "nothing", "site__project"])
def test_only_declared_fields_can_be_looked_up(field):
    rows.device(HOME)
    who = caller(["*"], HOME).html
    assert who.get(f"{DEVICES}lookup/{field}?q=").status_code == 404


def test_words_narrow_what_is_suggested_and_signs_do_no_harm():
    one, other = rows.device(HOME).site, rows.device(HOME).site
    who = caller(["*"], HOME)
    assert [r["text"] for r in found(who, f"{DEVICES}lookup/site?q={one.name}")] == [one.name]
    assert other.name in str(found(who, f"{DEVICES}lookup/site?q="))
    assert found(who, f"{DEVICES}lookup/site?q=%00") == []
    assert found(who, f"{DEVICES}lookup/site?q=%25_'\"<script>") == []


@pytest.mark.requirement("LVL-07")
def test_a_division_is_searched_by_name_inside_ones_own_subtree():
    from siteloop.foundation.regions.loading import import_rows

    import_rows(
        [
            ("33", "浙江省"),
            ("3304", "嘉兴市"),
            (HOME, "平湖市"),
            (ABROAD, "秀洲区"),
            ("330482001", "当湖街道"),
        ]
    )
    who = caller(["*"], HOME)
    assert [r["text"] for r in found(who, f"{SITES}lookup/region_code?q=当湖")] == ["当湖街道"]
    assert found(who, f"{SITES}lookup/region_code?q=秀洲") == []
    assert found(who, f"{SITES}lookup/region_code?q=")[0]["value"] == HOME


def test_a_division_as_a_filter_takes_its_whole_subtree():
    town, other = rows.site("330482001"), rows.site("330482100")
    who = caller(["*"], HOME)
    everything = who.html.get(f"{SITES}?region_code={HOME}").content.decode()
    assert town.name in everything and other.name in everything
    narrow = who.html.get(f"{SITES}?region_code=330482001").content.decode()
    assert town.name in narrow and other.name not in narrow
    assert who.get("/api/v1/registry/sites?region_code=330482001").json()["count"] == 1


def test_the_chosen_reference_is_shown_by_its_name():
    device = rows.device(HOME)
    page = caller(["*"], HOME).html.get(f"{DEVICES}?site={device.site_id}").content.decode()
    assert f'<option value="{device.site_id}" selected>{device.site.name}</option>' in page
    assert 'inputmode="numeric"' not in page


def test_a_name_outside_the_scope_is_not_told_by_its_number():
    foreign = rows.device(ABROAD).site
    page = caller(["*"], HOME).html.get(f"{DEVICES}?site={foreign.pk}").content.decode()
    assert foreign.name not in page


def test_several_states_in_a_link_stand_in_the_filter():
    page = caller(["*"], HOME).html.get(f"{SITES}?state=suspended,completed").content.decode()
    assert '<option value="suspended,completed" selected>停工、已完工</option>' in page


def test_the_columns_a_person_chose_are_kept_and_only_for_that_person():
    device = rows.device(HOME)
    who, other = caller(["*"], HOME), caller(["*"], HOME)
    answer = who.html.post(
        f"{DEVICES}shape", {"columns": ["site", "nothing"], "dense": "1", "query": "state=active&search="}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{DEVICES}?state=active&search=")
    page = who.html.get(DEVICES).content.decode()
    assert re.search(rf'data-label="工地" class="cell-\w+"><a href="/places/sites/{device.site_id}/">', page)
    assert 'data-label="安装位置"' not in page and "table-sm" in page
    assert device.code in page, "the column that opens the record stays"
    assert 'data-label="安装位置"' in other.html.get(DEVICES).content.decode()
    who.html.post(f"{DEVICES}shape", {"reset": "1"})
    assert 'data-label="安装位置"' in who.html.get(DEVICES).content.decode()
    assert not ListShape.objects.exists()


def test_an_export_holds_the_filtered_rows_and_the_chosen_columns():
    wanted, left_out = rows.device(HOME), rows.device(HOME)
    who = caller(["*"], HOME)
    who.html.post(f"{DEVICES}shape", {"columns": ["site"], "dense": "0"})
    answer = who.html.get(f"{DEVICES}export?format=csv&site={wanted.site_id}")
    text = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines == [["设备编码（MN）", "工地"], [wanted.code, wanted.site.name]]
    assert left_out.code not in text
    whole = b"".join(who.get(f"/api/v1{DEVICES}export?format=csv").streaming_content).decode()
    assert "安装位置" in whole, "the API's export does not depend on what a person shows on screen"


def test_a_column_that_went_away_is_forgotten():
    who = caller(["*"], HOME)
    page = pages_found.page("registry", "devices")
    ListShape.objects.create(account=who.account.pk, page=DEVICES, columns=["gone", "title"])
    from siteloop.foundation.authority.viewers import viewer_for

    assert shapes.of(page, viewer_for(who.account)).columns == ("code", "title")


def test_numbers_stand_to_the_right_and_divisions_by_name():
    from siteloop.foundation.regions.loading import import_rows

    import_rows([("33", "浙江省"), ("3304", "嘉兴市"), (HOME, "平湖市")])
    rows.site(HOME)
    page = caller(["*"], HOME).html.get(SITES).content.decode()
    assert f'title="{HOME}">平湖市</td>' in page
    rows.device(HOME)
    page = caller(["*"], HOME).html.get(DEVICES).content.decode()
    assert re.search(r'data-label="上报间隔（秒）" class="cell-\w+ text-end"', page)


def test_every_reference_filter_of_the_program_answers_its_search_box(fast_plane):
    who = caller(["*"], HOME).html
    for page in pages_found.all_pages():
        for name in page.filters:
            field = pages_found.field_at(page.model, name)
            if field.is_relation or lookups.coded(name):
                assert who.get(f"{pages_found.path_of(page)}lookup/{name}?q=甲").status_code == 200, name
        for name in page.form:
            field = pages_found.field_at(page.model, name)
            if field.is_relation:
                path = f"{pages_found.path_of(page)}lookup/{name}?for=form&q=甲"
                assert who.get(path).status_code == 200, path


def test_the_htmx_part_is_the_list_alone():
    rows.device(HOME)
    part = caller(["*"], HOME).html.get(DEVICES, HTTP_HX_REQUEST="true").content.decode()
    assert 'id="table"' in part and "<html" not in part and apps.ready
