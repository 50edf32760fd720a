"""The base map: small enough to send, nothing lost, neighbours fitting together."""

import gzip
import json

import pytest

from siteloop.framework import assets, basemap

NODE_MODULES = assets.ROOT / "node_modules"


def areas(*rings):
    return {
        "features": [
            {
                "properties": {"name": str(i), "cp": [0, 0]},
                "geometry": {"type": "Polygon", "coordinates": list(r)},
            }
            for i, r in enumerate(rings)
        ]
    }


def box(x, y, size=1.0):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def parts(drawn, i=0):
    return drawn["features"][i]["geometry"]["coordinates"]


def test_islands_listed_as_rings_of_one_polygon_become_parts_of_their_own():
    assert len(parts(basemap.simplified(areas([box(0, 0), box(5, 5)]), 0.01))) == 2


def test_a_hole_stays_a_hole():
    drawn = parts(basemap.simplified(areas([box(0, 0, 3), box(1, 1)]), 0.01))
    assert [len(polygon) for polygon in drawn] == [2]


def test_a_point_one_neighbour_needs_stays_for_both():
    bend = [[1, 0], [1.004, 0.5], [1, 1]]
    left = [[0, 0], *bend, [0, 1], [0, 0]]
    right = [*bend, [2, 1], [2, 0], [1, 0]]
    for tolerance, kept in ((0.001, True), (0.01, False)):
        drawn = basemap.simplified(areas([left], [right]), tolerance)
        sides = [{tuple(p) for p in parts(drawn, i)[0][0]} for i in (0, 1)]
        assert all(((1.004, 0.5) in side) is kept for side in sides)


def test_a_speck_is_left_out_unless_there_is_nothing_larger():
    assert len(parts(basemap.simplified(areas([box(0, 0), box(5, 5, 0.01)]), 0.001))) == 1
    assert len(parts(basemap.simplified(areas([box(5, 5, 0.01)]), 0.001))) == 1


def test_what_compresses_is_offered_compressed_and_kept_up_to_date(tmp_path):
    long, short = tmp_path / "a.json", tmp_path / "b.json"
    long.write_text("x" * 5000)
    short.write_text("x")
    assets.compress(tmp_path)
    assert gzip.decompress((tmp_path / "a.json.gz").read_bytes()) == b"x" * 5000
    assert not (tmp_path / "b.json.gz").exists()
    assets.compress(tmp_path)
    assert not (tmp_path / "a.json.gz.gz").exists()


@pytest.mark.skipif(not (NODE_MODULES / "echarts4").exists(), reason="browser libraries are not set up")
def test_the_whole_country_is_there_and_small(tmp_path):
    basemap.build(NODE_MODULES, tmp_path)
    assets.compress(tmp_path)
    cities = json.loads((tmp_path / "map-cities.json").read_text("utf-8"))["features"]
    provinces = json.loads((tmp_path / "map-provinces.json").read_text("utf-8"))["features"]
    assert len(provinces) == 34 and len(cities) > 340
    assert all(f["geometry"]["coordinates"] for f in (*cities, *provinces)), "no area is lost"
    assert (tmp_path / "map-cities.json.gz").stat().st_size < 400_000
    labels = json.loads((tmp_path / basemap.LABELS).read_text("utf-8"))["features"]
    assert {"嘉兴", "浙江"} <= {f["properties"]["name"] for f in labels}
