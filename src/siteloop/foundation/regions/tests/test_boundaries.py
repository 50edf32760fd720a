"""Borders from the authority's own file: read, checked feature by feature, kept simplified, drawn; all or nothing."""

import json
import math

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from siteloop.foundation.regions import boundaries
from siteloop.foundation.regions.loading import import_rows
from siteloop.foundation.regions.models import Boundary
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import caller

HOME, ABROAD, TOWN = "330482", "330411", "330482001"
PATH = "/regions/boundaries/actions/import_boundaries"


def square(lon, lat, size=0.2):
    return [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]


def feature(code, lon=121.0, lat=30.6, *, name="code", ring=None, **more):
    shape = {"type": "Polygon", "coordinates": [ring or square(lon, lat)]} | more
    return {"type": "Feature", "properties": {name: code}, "geometry": shape}


def file(*features, body=None):
    data = {"type": "FeatureCollection", "features": list(features)}
    return SimpleUploadedFile("县界.geojson", body if body is not None else json.dumps(data).encode())


@pytest.fixture
def tree(db):
    import_rows(
        [("33", "浙江省"), ("3304", "嘉兴市"), (HOME, "平湖市"), (ABROAD, "秀洲区"), (TOWN, "当湖街道")]
    )


@pytest.mark.parametrize(
    "written, meant",
    [
        ("330482", HOME),
        ("330482000000", HOME),
        ("156330482", HOME),
        ("330482001", TOWN),
        ("330482001000", TOWN),
        ("330482.0", HOME),
        ("330400", "3304"),
    ],
)
def test_a_code_is_understood_in_the_usual_ways_of_writing_it(written, meant):
    assert boundaries.trimmed(written) == meant


@pytest.mark.parametrize("written", ["", "33048", "平湖", "33048200100000", "330000"])
def test_other_codes_are_refused(written):
    with pytest.raises(ValueError, match=r"区划代码|省级"):
        boundaries.trimmed(written)


@pytest.mark.requirement("MAP-01")
def test_an_officer_imports_the_borders_of_his_county_and_the_map_gets_them(tree):
    who = caller(["regions.*"], HOME)
    page = who.html.get(PATH).content.decode()
    assert 'type="file"' in page and "CGCS2000" in page
    answer = who.html.post(
        PATH, {"file": file(feature(HOME), feature("330482001000", 121.05, 30.65))}, follow=True
    )
    assert "已导入 2 个边界" in answer.content.decode()
    body = who.html.get(f"/regions/boundaries.json?in={HOME}").json()
    named = [(f["properties"]["name"], f["geometry"]["type"]) for f in body["features"]]
    assert named == [
        ("平湖市", "MultiPolygon"),
        ("平湖市", "Point"),
        ("当湖街道", "MultiPolygon"),
        ("当湖街道", "Point"),
    ]
    assert body["features"][1]["geometry"]["coordinates"] == [121.1, 30.7]
    assert (
        TrailEntry.objects.unscoped("what the test did")
        .filter(action="regions.boundary.import_boundaries")
        .exists()
    )


def test_a_second_import_replaces_the_first(tree):
    who = caller(["regions.*"], HOME).html
    who.post(PATH, {"file": file(feature(HOME))})
    who.post(PATH, {"file": file(feature(HOME, 121.3))})
    assert Boundary.objects.unscoped("test").get().label_lon == 121.4


@pytest.mark.requirement("LVL-07")
def test_the_neighbours_border_is_not_ours_to_change(tree):
    who = caller(["regions.*"], HOME).html
    answer = who.post(PATH, {"file": file(feature(HOME), feature(ABROAD, 120.7))})
    assert answer.status_code == 422
    assert "第 2 个要素：秀洲区不在您的管辖范围内" in answer.content.decode()
    assert not Boundary.objects.unscoped("test").exists(), "all or nothing"


def test_every_wrong_feature_is_told_by_its_place(tree):
    bad = [
        feature(HOME, ring=[[121, 30], [121.1, 30], [121, 30]]),
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [square(121, 30)]},
        },
        feature("330499"),
        feature(TOWN, type="LineString"),
        feature(HOME, ring=square(40_500_000, 3_400_000)),
        feature(HOME, ring=[["a", 30], [121, 30], [121, 31], ["a", 30]]),
        feature(HOME, ring=[[121, 30], [121, 30], [121, 30], [121, 30]]),
    ]
    answer = caller(["regions.*"], HOME).html.post(PATH, {"file": file(*bad)})
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in (
        "第 1 个要素：图形的环少于 4 个点",
        "第 2 个要素：没有区划代码属性",
        "第 3 个要素：区划代码 330499 不在行政区划中",
        "第 4 个要素：图形须为 Polygon",
        "不能是投影坐标",
        "第 6 个要素：坐标须为",
        "第 7 个要素：图形没有面积",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'{"features": []}',
        b'{"features": 5}',
        b'{"features": [1]}',
        b"[" * 5000,
    ],
)
def test_a_file_that_is_no_geojson_gets_a_clear_answer(tree, body):
    answer = caller(["regions.*"], HOME).html.post(PATH, {"file": file(body=body)})
    assert answer.status_code == 422
    assert not Boundary.objects.unscoped("test").exists()


def test_without_a_file_or_the_right_nothing_happens(tree):
    assert caller(["regions.*"], HOME).html.post(PATH, {}).status_code == 422
    who = caller(["regions.boundary.view"], HOME)
    assert who.html.post(PATH, {"file": file(feature(HOME))}).status_code == 403
    assert "import_boundaries" not in who.html.get("/regions/boundaries/").content.decode()


def test_a_code_may_stand_under_a_name_of_its_own(tree):
    who = caller(["regions.*"], HOME).html
    wrong = who.post(PATH, {"file": file(feature(HOME, name="DM")), "code_name": "XX"})
    assert "没有属性“XX”" in wrong.content.decode()
    assert who.post(PATH, {"file": file(feature(HOME, name="DM")), "code_name": "DM"}).status_code == 302


def test_many_points_become_few_and_neighbours_still_fit():
    wave = [[121 + i / 1000, 30.5 + 0.00001 * math.sin(i)] for i in range(500)]
    south = [*wave, [121.499, 30.3], [121, 30.3], wave[0]]
    north = [*wave, [121.499, 30.8], [121, 30.8], wave[0]]
    found, wrong = boundaries.read(
        json.dumps({"features": [feature(HOME, ring=south), feature(ABROAD, ring=north)]}).encode()
    )
    assert wrong == []
    drawn = boundaries.drawn(found)
    rings = {code: {tuple(p) for p in shape["coordinates"][0][0]} for code, shape in drawn.items()}
    assert all(len(ring) < 20 for ring in rings.values())
    shared = {p for p in rings[HOME] if p[1] > 30.4}
    assert shared == {p for p in rings[ABROAD] if p[1] < 30.6}, "the common border is the same on both sides"


def test_the_borders_need_a_sign_in_and_keep_in_the_browser(tree, client):
    assert client.get("/regions/boundaries.json?in=3304").status_code == 302
    who = caller(["regions.*"], HOME).html
    who.post(PATH, {"file": file(feature(HOME))})
    first = who.get(f"/regions/boundaries.json?in={HOME}")
    again = who.get(f"/regions/boundaries.json?in={HOME}", HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert again.status_code == 304
    assert who.get("/regions/boundaries.json?in=x,';--,99999999999").json()["features"] == []


class TestOnlyOnesOwnAreListed:
    def test_list(self, tree):
        caller(["regions.*"], "33").html.post(PATH, {"file": file(feature(HOME), feature(ABROAD, 120.7))})
        page = caller(["regions.*"], HOME).html.get("/regions/boundaries/").content.decode()
        assert "平湖市边界" in page or "平湖市" in page
        assert "秀洲区" not in page
