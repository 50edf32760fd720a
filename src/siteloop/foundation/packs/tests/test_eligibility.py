"""Every eligibility row of the seeds, at its boundary values, on the packs that ship."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest

from siteloop.foundation.packs.eligibility import decide
from siteloop.foundation.packs.models import EligibilityRule, Pack
from siteloop.foundation.packs.testing import shipped_packs

pytestmark = pytest.mark.django_db
XIUZHOU, PINGHU, QINGTIAN, GUIYANG, CHENGDU, LISHUI = (
    "330411",
    "330482001",
    "331121",
    "520102",
    "5101",
    "331102",
)
TODAY = dt.date(2026, 3, 2)


@pytest.fixture(autouse=True)
def shipped(db):
    shipped_packs()


def project(region, **fields):
    given = {
        "region_code": region,
        "zone": "",
        "work_kind": "housing",
        "floor_area": Decimal("0"),
        "cost_wan": Decimal("0"),
        "is_public_key": False,
        "key_investment": "none",
        "standardisation": "none",
        "is_class_one": False,
        "required_by_authority": None,
        "started_on": None,
    }
    return SimpleNamespace(**{**given, **fields})


def outcome(region, on=TODAY, **fields):
    found = decide(project(region, **fields), on)
    return found.outcome, found.rule_code


@pytest.mark.requirement("CFG-02", "CFG-15")
@pytest.mark.parametrize("level", ["district", "city", "province"])
def test_standardised_sites_of_xiuzhou(level):
    assert outcome(XIUZHOU, standardisation=level) == ("must", "CFG-02")
    assert outcome(XIUZHOU, standardisation="none")[0] == "not_required"


@pytest.mark.requirement("CFG-03", "CFG-15")
@pytest.mark.parametrize(
    ("area", "expected"), [("4999.99", "not_required"), ("5000", "must"), ("5000.01", "must")]
)
def test_housing_by_area_in_xiuzhou(area, expected):
    assert outcome(XIUZHOU, floor_area=Decimal(area))[0] == expected


@pytest.mark.requirement("CFG-03")
def test_area_counts_for_housing_only():
    assert outcome(XIUZHOU, work_kind="municipal", floor_area=Decimal(90_000))[0] == "not_required"


@pytest.mark.requirement("CFG-04", "CFG-15")
@pytest.mark.parametrize(
    ("kind", "cost", "expected"),
    [
        ("municipal", "1999.9999", "not_required"),
        ("municipal", "2000", "must"),
        ("other", "2000", "must"),
        ("housing", "9000", "not_required"),
    ],
)
def test_municipal_by_cost_in_xiuzhou(kind, cost, expected):
    assert outcome(XIUZHOU, work_kind=kind, cost_wan=Decimal(cost))[0] == expected


@pytest.mark.requirement("CFG-05", "CFG-15")
def test_key_projects_of_xiuzhou_have_no_limit():
    assert outcome(XIUZHOU, is_public_key=True, floor_area=Decimal(10)) == ("must", "CFG-05a")
    for level in ("nation", "province", "city"):
        assert outcome(XIUZHOU, key_investment=level, floor_area=None, cost_wan=None) == ("must", "CFG-05b")


@pytest.mark.requirement("CFG-06", "CFG-15")
def test_the_authoritys_word_goes_before_all():
    wanted = decide(project(XIUZHOU, floor_area=Decimal(10), required_by_authority=True), TODAY)
    assert (wanted.outcome, wanted.rule_code) == (
        "must",
        "CFG-06",
    ) and "主管部门认为必须安装" in wanted.reason
    assert outcome(XIUZHOU, floor_area=Decimal(90_000), required_by_authority=False) == (
        "not_required",
        "CFG-06",
    )


@pytest.mark.requirement("CFG-07")
@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ("1999.99", ("not_required", "")),
        ("2000", ("must", "CFG-07")),
        ("4999.99", ("must", "CFG-07")),
        ("5000", ("must", "CFG-03")),  # joins the district's own rule
    ],
)
def test_the_hightech_zone_adds_a_band(area, expected):
    assert outcome(XIUZHOU, zone="xiuzhou_hightech", floor_area=Decimal(area)) == expected


@pytest.mark.requirement("CFG-07")
def test_the_band_holds_in_the_zone_only():
    assert outcome(XIUZHOU, floor_area=Decimal(3000))[0] == "not_required"
    assert outcome(XIUZHOU, zone="xiuzhou_hightech", standardisation="city") == ("must", "CFG-02")


@pytest.mark.requirement("CFG-08")
@pytest.mark.parametrize(("area", "expected"), [("14999.99", "not_required"), ("15000", "must")])
def test_housing_in_guizhou(area, expected):
    assert outcome(GUIYANG, floor_area=Decimal(area))[0] == expected


@pytest.mark.requirement("CFG-09")
@pytest.mark.parametrize(("cost", "expected"), [("999.99", "not_required"), ("1000", "must")])
def test_municipal_in_guizhou(cost, expected):
    assert outcome(GUIYANG, work_kind="municipal", cost_wan=Decimal(cost))[0] == expected


@pytest.mark.requirement("CFG-08", "CFG-01")
def test_guizhou_counts_from_january_2021():
    assert outcome(GUIYANG, dt.date(2020, 12, 31), floor_area=Decimal(20_000))[0] == "authority"
    assert outcome(GUIYANG, dt.date(2021, 1, 1), floor_area=Decimal(20_000))[0] == "must"


@pytest.mark.requirement("CFG-10")
def test_sichuan_leaves_it_to_the_cities():
    assert outcome(CHENGDU, floor_area=Decimal(90_000)) == ("authority", "CFG-10")
    city = Pack.objects.create(code="chengdu", title="成都市规则包", region_code="5101")
    EligibilityRule.objects.create(
        pack=city,
        code="CD-1",
        title="本地标准",
        outcome="must",
        condition=[{"field": "floor_area", "op": "gte", "value": 8000}],
    )
    assert outcome(CHENGDU, floor_area=Decimal(8000)) == ("must", "CD-1")
    assert (
        outcome(CHENGDU, floor_area=Decimal(7999))[0] == "not_required"
    )  # the city's own standard stands alone


@pytest.mark.requirement("CFG-11")
def test_new_starts_must_and_begun_ones_are_the_authoritys():
    area = Decimal(6000)
    assert outcome(XIUZHOU, floor_area=area, started_on=dt.date(2016, 7, 1)) == ("must", "CFG-03")
    begun = decide(project(XIUZHOU, floor_area=area, started_on=dt.date(2016, 6, 30)), TODAY)
    assert (begun.outcome, begun.rule_code) == ("authority", "CFG-03")
    assert "CFG-11" in begun.reason and "2016-06-30" in begun.reason
    # Guizhou watches everything above the scale
    assert outcome(GUIYANG, floor_area=Decimal(20_000), started_on=dt.date(2019, 1, 1)) == ("must", "CFG-08")


@pytest.mark.requirement("CFG-12")
def test_qingtian_covers_all():
    assert outcome(QINGTIAN, floor_area=None, cost_wan=None) == ("must", "CFG-12")
    assert outcome(LISHUI, floor_area=Decimal(4999))[0] == "authority"
    assert outcome(LISHUI, floor_area=Decimal(5000))[0] == "must"


@pytest.mark.requirement("CFG-01")
def test_a_missing_fact_is_not_guessed():
    found = decide(project(XIUZHOU, floor_area=None), TODAY)
    assert found.outcome == "authority" and "缺少建筑面积" in found.reason
    # a fact that cannot matter is not asked for
    assert outcome(XIUZHOU, floor_area=Decimal(4000), cost_wan=None)[0] == "not_required"


@pytest.mark.requirement("CFG-01")
def test_the_reason_quotes_rule_code_and_numbers():
    found = decide(project(XIUZHOU, floor_area=Decimal("5200.50")), TODAY)
    assert "CFG-03" in found.reason and "5,200.5 ㎡" in found.reason and "≥ 5,000 ㎡" in found.reason
    assert "5000㎡及以上" in found.clause
    short = decide(project(XIUZHOU, floor_area=Decimal(100)), TODAY)
    assert "100 ㎡" in short.reason and "CFG-03" in short.reason


@pytest.mark.requirement("CFG-01", "KPI-11")
def test_where_nothing_is_set_the_authority_decides():
    assert outcome("110105", floor_area=Decimal(90_000))[0] == "authority"
    assert outcome(PINGHU, is_class_one=True) == ("must", "pinghu.class_one")
    assert outcome(PINGHU)[0] == "authority"
