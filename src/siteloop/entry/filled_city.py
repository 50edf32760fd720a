"""A filled city for measuring pages: projects, sites, monitors, cases and findings over three years, from a fixed seed.

Plainly synthetic, and only ever written into a data folder of the bench's own.
"""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CITY = "330400"
START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
DAYS = 3 * 365
BATCH = 5_000


@dataclass(frozen=True)
class Filled:
    """What was made: names of accounts that look at it, and one record of each kind to open."""

    accounts: tuple[str, ...]
    project: int
    site: int
    device: int
    case: int


def fill(projects: int, cases: int, seed: int = 20261121) -> Filled:
    """Write everything; needs migrated tables and Django."""
    from siteloop.entry import filled_readings
    from siteloop.foundation.registry.models import Device, Party, Project, Site

    dice = random.Random(seed)  # noqa: S311 - the same city every time
    towns = _towns()
    firms = _organisations(towns)
    made = _bulk(
        Project,
        [
            Project(
                code=f"BENCH{i:05d}",
                name=f"测量项目{i:05d}",
                region_code=towns[i % len(towns)],
                work_kind="housing" if i % 4 else "municipal",
                floor_area=2_000 + i,
                cost_wan=500 + i,
                state="completed" if i % 3 == 0 else "under_construction",
                is_class_one=i % 5 == 0,
                standardisation="city" if i % 7 == 0 else "none",
                permit_number=f"330400{i:010d}",
                started_on=(START - dt.timedelta(days=i % DAYS)).date(),
            )
            for i in range(projects)
        ],
    )
    _bulk(
        Party,
        [
            Party(project=project, kind=kind, organisation=firms[(i * 7 + n) % len(firms)])
            for i, project in enumerate(made)
            for n, kind in enumerate(("builder", "contractor", "supervisor_firm"))
        ],
    )
    sites = _bulk(
        Site,
        [
            Site(
                project=project,
                name=f"{project.name}工地",
                region_code=project.region_code,
                lon=120.5 + dice.random(),
                lat=30.4 + dice.random() / 2,
                state=project.state,
            )
            for project in made
        ],
    )
    devices = _bulk(
        Device,
        [
            Device(
                code=f"BENCHMN{i:06d}",
                profile="dust",
                title=f"{site.name}监测点",
                site=site,
                region_code=site.region_code,
            )
            for i, site in enumerate(sites)
        ],
    )
    filled_readings.fill()
    first = _cases(sites, devices, firms, cases, dice)
    return Filled(_accounts(towns), made[1].pk, sites[1].pk, devices[1].pk, first)


def _bulk(model: type[Any], rows: Sequence[Any]) -> list[Any]:
    return list(model._base_manager.bulk_create(rows, batch_size=BATCH))


def _towns() -> list[str]:
    """Ten towns in each county of the city."""
    from siteloop.foundation.regions.models import Region

    counties = (
        Region.objects.unscoped("the bench fills a city")
        .filter(code__startswith=CITY[:4], level=3)
        .order_by("code")
    )
    wanted = [(county, f"{county.code}{n:03d}") for county in counties for n in range(1, 11)]
    known = set(
        Region.objects.unscoped("the bench fills a city").filter(level=4).values_list("code", flat=True)
    )
    _bulk(
        Region,
        [
            Region(code=code, name=f"测量镇{code}", level=4, parent=county, valid_from=dt.date(2020, 1, 1))
            for county, code in wanted
            if code not in known
        ],
    )
    return [code for _, code in wanted]


def _organisations(towns: list[str]) -> list[Any]:
    from siteloop.foundation.authority.models import Organisation

    rows = [
        Organisation(name=f"测量企业{i:04d}", kind="contractor", region_code=towns[i % len(towns)])
        for i in range(400)
    ]
    return _bulk(Organisation, rows)


def _accounts(towns: list[str]) -> tuple[str, ...]:
    """One officer of the city and one of a county, with the roles every installation has."""
    from siteloop.foundation.authority.models import Account, Organisation, Post, Role

    told = (
        ("bench_city", "city_officer", "city_authority", CITY[:4]),
        ("bench_county", "county_officer", "county_authority", towns[0][:6]),
    )
    for username, role, kind, region in told:
        office = Organisation(name=f"测量机关{region}", kind=kind, region_code=region)
        office.save()
        account = Account(username=username, display_name=username)
        account.set_unusable_password()
        account.save()
        Post(
            account=account,
            organisation=office,
            role=Role.objects.unscoped("the bench's own officers").get(code=role),
            title="测量",
            region_code=region,
        ).save()
    return tuple(name for name, *_ in told)


def _cases(sites: list[Any], devices: list[Any], firms: list[Any], n: int, dice: random.Random) -> int:
    """Cases over the years, one in twenty open, each with a finding, two duties and four lines of its timeline."""
    from siteloop.foundation.cases.models import Case, CaseDuty, CaseEvent, Finding

    rules = ("dust.spray_not_linked", "dust.not_installed", "dust.no_annual_inspection")
    rows = []
    for i in range(n):
        k = dice.randrange(len(sites))
        opened = START - dt.timedelta(minutes=dice.randrange(DAYS * 1440))
        is_open = i % 20 == 0
        rows.append(
            Case(
                number=f"PDBENCH-{i:07d}",
                loop="dust_equipment",
                title=f"喷雾未联动 · {sites[k].name}",
                rule=rules[i % 3],
                subject=f"device:{devices[k].pk}",
                project_id=sites[k].project_id,
                site=sites[k],
                device=devices[k],
                region_code=sites[k].region_code,
                severity=("yellow", "orange", "red", "blue")[i % 4],
                state="disposing" if is_open else "closed",
                step="small_dispose",
                circle=("small", "medium", "large")[i % 3],
                opened_at=opened,
                step_since=opened,
                deadline=opened + dt.timedelta(days=3),
                is_overdue=i % 11 == 0,
                closed_at=None if is_open else opened + dt.timedelta(days=2),
            )
        )
    made = _bulk(Case, rows)
    _bulk(
        CaseDuty,
        [
            CaseDuty(
                case=case,
                step="small_dispose",
                title="施工单位",
                organisation=firms[(i + o) % len(firms)],
                is_holder=o == 0,
                since=case.opened_at,
            )
            for i, case in enumerate(made)
            for o in range(2)
        ],
    )
    _bulk(
        CaseEvent,
        [
            CaseEvent(
                case=case, at=case.opened_at + dt.timedelta(hours=h), kind=kind, by="规则引擎", body="测量"
            )
            for case in made
            for h, kind in enumerate(("found", "step", "reply", "pass"))
        ],
    )
    _bulk(
        Finding,
        [
            Finding(
                key=f"bench-{i}",
                rule=case.rule,
                subject=case.subject,
                site=case.site,
                project_id=case.project_id,
                device=case.device,
                region_code=case.region_code,
                severity=case.severity,
                since=case.opened_at,
                last_at=case.opened_at,
                cleared_at=case.closed_at,
                message="PM2.5 120.0 µg/m³，超过 75 µg/m³",
                case=case,
            )
            for i, case in enumerate(made)
        ],
    )
    return int(next(case.pk for case in made if case.region_code.startswith(sites[0].region_code[:6])))
