"""Figures of the board against counts made by hand: installation and spray by town, readings, enforcement."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from siteloop.foundation.cases.models import Case, Enforcement, Finding
from siteloop.foundation.packs.tests.saying import project_says
from siteloop.foundation.registry.models import Device, Project, Site
from siteloop.framework.testing import caller
from siteloop.framework.viewer import Viewer
from siteloop.kernel.profiles import DUST
from siteloop.kernel.quality import Quality
from siteloop.systems.dust import facade, installation, scan
from siteloop.systems.dust.tests.conftest import County

COUNTY = Viewer(user=None, name="县", permissions=frozenset({"*"}), regions=("330482",))


def site(
    code: str,
    region: str,
    monitors: int = 0,
    sprayers: int = 0,
    state: str = "under_construction",
    **project: object,
) -> Site:
    of = Project(
        code=code,
        name=code,
        region_code=region,
        state="under_construction",
        required_by_authority=True,
        **project,
    )
    of.save()
    row = Site(project=of, name=f"{code}工地", region_code=region, state=state)
    row.save()
    for profile, number in (("dust", monitors), ("sprayer", sprayers)):
        for n in range(number):
            Device(code=f"{code}{profile[0]}{n}", profile=profile, site=row).save()
    return row


@pytest.fixture
def towns(county: County) -> None:
    """Town 002: A needs one and has two, B needs one and has none; C is neither class-I nor standardised. Town 003: D has one."""
    site("A", "330482002", monitors=2, sprayers=1, is_class_one=True)
    site("B", "330482002", is_class_one=True)
    site("C", "330482002", sprayers=1)
    site("D", "330482003", monitors=1, standardisation="city")
    site("E", "330482003", is_class_one=True, state="completed")
    site("F", "330411001", sprayers=1, is_class_one=True)


@pytest.mark.requirement("DUST-31", "KPI-11")
def test_the_installation_rate_counts_required_monitors_of_classed_projects_by_town(towns) -> None:
    found = {t.region_code: t for t in facade.towns(COUNTY)}
    assert set(found) == {"330482002", "330482003"}, (
        "the county's own site is of no class, the foreign one is not seen"
    )
    two, three = found["330482002"], found["330482003"]
    assert (two.should, two.installed, two.sites, two.sites_short) == (2, 1, 2, 1), (
        "a monitor too many helps no other site"
    )
    assert two.rate == 0.5
    assert (three.should, three.installed, three.rate) == (1, 1, 1.0)


@pytest.mark.requirement("DUST-07")
def test_more_sites_than_are_named_one_by_one_are_counted_alike(towns, monkeypatch) -> None:
    before = facade.sprayed(COUNTY), facade.towns(COUNTY)
    monkeypatch.setattr(installation, "NAMED", 0)
    assert (facade.sprayed(COUNTY), facade.towns(COUNTY)) == before
    of_county = Site.objects.unscoped("test").filter(region_code__startswith="330482")
    assert installation.with_sprayer(of_county) <= {site.pk for site in of_county}, "none of another county"


@pytest.mark.requirement("DUST-07")
def test_sites_without_a_sprayer_are_counted_and_warned_of_and_make_no_dispatch(towns) -> None:
    found = {t.region_code: (t.sprayed, t.sites) for t in facade.sprayed(COUNTY)}
    assert found == {"330482001": (1, 1), "330482002": (2, 3), "330482003": (0, 1)}
    scan.scan()
    warned = Finding.objects.unscoped("test").filter(rule="dust.no_sprayer", region_code__startswith="330482")
    assert sorted(f.site.name for f in warned) == ["B工地", "D工地"]
    assert {f.case_id for f in warned} == {None}
    Device(code="LATE", profile="sprayer", site=Site.objects.unscoped("test").get(name="B工地")).save()
    scan.scan()
    assert warned.get(site__name="B工地").cleared_at is not None
    assert warned.get(site__name="D工地").cleared_at is None
    page = caller(["*"], "330482").html.get("/board/?part=coverage").content.decode()
    assert "喷淋喷雾覆盖" in page
    assert "3/3" in page


def test_points_by_area_follow_the_zones_own_value(county: County) -> None:
    from siteloop.foundation.packs.models import Pack, PackValue

    county.project.required_by_authority = True
    county.project.zone = "port"
    county.project.save()
    before, _ = installation.needed(county.project, county.site.region_code)
    zone = Pack(code="port", title="港区", region_code="330482", zone="port")
    zone.save()
    PackValue(
        pack=zone,
        key="dust.points_by_area",
        title="点位",
        value=[{"from": 0, "points": before + 3}],
        clause="测试",
    ).save()
    assert installation.needed(county.project, county.site.region_code)[0] == before + 3
    project_says(county.project, "dust.points_by_area", [{"from": 0, "points": before + 5}])
    assert installation.needed(county.project, county.site.region_code)[0] == before + 5
    assert installation.of_site(county.site).needed == before + 5
    zone.delete()
    PackValue.objects.unscoped("test").filter(pack__project=county.project).delete()
    county.project.zone = ""
    assert installation.needed(county.project, county.site.region_code)[0] == before


def newest(device: Device, at: dt.datetime, quality: Quality = Quality.NORMAL, **values: float) -> None:
    names = [f.name for f in DUST.fields]
    row = [values.get(n) for n in names]
    flags = sum(int(quality if v is not None else Quality.ABSENT) << (4 * i) for i, v in enumerate(row))
    flags -= 1 << 64 if flags >= 1 << 63 else 0  # a signed column
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO telemetry.latest (device, profile, at, received_at, quality, "values") VALUES (%s, %s, %s, %s, %s, %s)',
            [device.pk, "dust", at, at, flags, row],
        )


@pytest.mark.requirement("DUST-01", "DUST-05", "DUST-12")
def test_every_point_of_a_site_shows_its_own_dust_and_noise(county: County) -> None:
    now = timezone.now()
    second, dead, odd = (
        Device(code=code, profile="dust", site=county.site, install_point=point)
        for code, point in (("MN2", "围挡东侧"), ("MN3", "塔吊旁"), ("MN4", "出土口"))
    )
    for device in (second, dead, odd):
        device.save()
    newest(county.monitor, now, pm25=76.0, noise=61.5)
    newest(second, now, pm25=61.0, noise=55.0)
    newest(dead, now - dt.timedelta(hours=2), pm25=10.0)
    newest(odd, now, Quality.FAULT, pm25=900.0)
    rows = facade.readings(COUNTY, county.site.pk)
    shown = {r.code: (r.colour, r.is_online, r.values.get("noise")) for r in rows}
    assert shown["MN1"] == ("red", True, 61.5)
    assert shown["MN2"] == ("yellow", True, 55.0)
    assert shown["MN3"][:2] == ("grey", False)
    assert shown["MN4"][:2] == ("grey", True), "a value that is not normal judges nothing"
    assert rows[-1].code == "MN3", "what is offline stands last"
    counted = facade.overview(COUNTY)
    assert (counted.monitors, counted.online, counted.online_rate) == (4, 3, 0.75)


@pytest.mark.requirement("DUST-25", "KPI-12")
def test_enforcement_is_counted_as_shanghai_reports_it(county: County) -> None:
    now = timezone.now()

    def case(n: int, state: str, circle: str, where: Site = county.site, **more: object) -> Case:
        row = Case(
            number=f"P{n}",
            loop="dust_equipment",
            title="t",
            step="small_dispose",
            region_code=where.region_code,
            site=where,
            project=where.project,
            state=state,
            circle=circle,
            opened_at=now,
            step_since=now,
            **more,
        )
        row.save()
        return row

    def result(of: Case, kind: str, **more: object) -> None:
        Enforcement(
            case=of, region_code=of.region_code, kind=kind, decided_on=dt.date(2026, 6, 1), **more
        ).save()

    other, abroad = site("G", "330482002"), site("H", "330411001")
    first, second = case(1, "closed", "small"), case(2, "disposing", "large", is_overdue=True)
    third, foreign = case(3, "closed", "medium", other), case(4, "closed", "small", abroad)
    result(first, "devices_added", devices=3)
    result(third, "devices_added", devices=2)
    result(second, "filed")
    result(first, "filed")  # the same site twice
    result(third, "filed")
    result(second, "fined", amount=Decimal("30000"))
    result(third, "fined", amount=Decimal("12000.50"))
    result(foreign, "fined", amount=Decimal("99999"))
    found = facade.enforcement(COUNTY)
    assert (found.dispatches, found.closed, found.overdue) == (3, 2, 1)
    assert (found.small, found.medium, found.large) == (1, 1, 1)
    assert (found.devices_added, found.sites_filed, found.fine_sum) == (5, 2, Decimal("42000.50"))
    assert found.closure_rate == pytest.approx(2 / 3)
