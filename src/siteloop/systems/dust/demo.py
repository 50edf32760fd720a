"""Demo: 170 dust points and their sprayers on the synthetic county's sites, with the faults the stories need."""

import datetime as dt
import hashlib
import random
from collections import defaultdict
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY, WHY
from siteloop.foundation.authority.models import Organisation, OrganisationKind
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.people import retention
from siteloop.foundation.registry.demo import device_token
from siteloop.foundation.registry.models import AnnualInspection, Device, Maintenance, Site, WorkState
from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer
from siteloop.kernel.profiles import DUST
from siteloop.systems.dust import actions, installation
from siteloop.systems.dust.models import Complaint
from siteloop.systems.dust.upkeep import Month

SEED = 20262
POINTS = 170  # SCA-03
INTERVAL_S = 30
#: story -> which site (by order of making) plays it; the demo manager holds the first town's first sites
STORIES = {"dusty": 0, "dead_sprayer": 9, "robot_dead_sprayer": 18, "heals": 27, "silent": 1, "expired": 2}
#: what the hours of the demo's past month read
TYPICAL: dict[str, float] = defaultdict(
    float,
    {
        "pm25": 38,
        "pm10": 70,
        "tsp": 110,
        "noise": 58,
        "temperature": 18,
        "humidity": 60,
        "pressure": 101.3,
        "wind_speed": 2,
        "wind_direction": 180,
    },
)
#: terms of the demo, minutes instead of days, so that a visitor sees a case fall due; the row says that it is a demo
TERMS = {
    "dust.loop.small_dispose": 20,
    "dust.loop.medium_dispose": 3,
    "dust.loop.large_dispose": 30,
    "dust.loop.verify": 30,
}


@transaction.atomic
def load() -> None:
    """Everything, once."""
    if Device.objects.unscoped(WHY).filter(code__startswith="DEMO").exists():
        return
    _terms()
    _devices(random.Random(SEED))  # noqa: S311 - a fixed seed makes the county the same everywhere
    _last_month()
    _complaint()
    retention.mark()


def _last_month() -> None:
    """Hours of the month before, as the demo's monitors would have left them, counted into the months to review."""
    month = Month.before(timezone.localdate())
    values = [float(TYPICAL[f.name]) for f in DUST.fields]
    with connection.cursor() as cursor:
        # every monitor misses some hours, a few of them many; the same ones at each installation
        cursor.execute(
            "INSERT INTO telemetry.dust_rollup (device, step, at, expected, n, mean, low, high)"
            " SELECT number, 3600, at, %(due)s,"
            " array_fill((%(due)s - (number * 7 + extract(day FROM at)::int) %% 9)::int, ARRAY[%(fields)s]),"
            " %(values)s::real[], %(values)s::real[], %(values)s::real[] FROM registry_device d"
            " CROSS JOIN generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 hour', '1 hour') AS at"
            " WHERE d.profile = 'dust' AND d.code LIKE 'DEMO%%' AND (number * 31 + extract(epoch FROM at)::bigint / 3600)"
            " %% 97 >= CASE WHEN number %% 23 = 0 THEN 20 ELSE 3 END ON CONFLICT DO NOTHING",
            {
                "due": 3600 // INTERVAL_S,
                "fields": len(values),
                "values": values,
                "start": month.start,
                "end": month.end,
            },
        )
    perform(actions.count_month, system_viewer("演示"), None, {"month": month.first})


def _complaint() -> None:
    """One complaint of this very moment at the dusty site, so that its readings can be collected while the demo runs."""
    sites = list(
        Site.objects.unscoped(WHY)
        .filter(project__code__startswith="DEMO", state=WorkState.UNDER_CONSTRUCTION)
        .order_by("pk")
    )
    Complaint(
        site=_story_site(sites, "dusty"),
        channel="hotline",
        hotline_number="演示-0001",
        topic="dust",
        occurred_at=timezone.now(),
        content="工地出土时扬尘很大，窗户不敢开（演示）",
        contact="10000000099",
    ).save()


def _terms() -> None:
    pack, _ = Pack.objects.unscoped(WHY).get_or_create(
        code="demo", defaults={"title": "演示时限（非正式规定）", "region_code": COUNTY, "zone": ""}
    )
    for key, minutes in TERMS.items():
        PackValue.objects.unscoped(WHY).get_or_create(
            pack=pack,
            key=key,
            defaults={
                "title": "演示用缩短时限",
                "value": {"amount": minutes, "unit": "minute", "counts": "calendar"},
                "clause": "演示设定，非规定",
            },
        )


def _devices(dice: random.Random) -> None:
    suppliers = list(
        Organisation.objects.unscoped(WHY)
        .filter(kind=OrganisationKind.SUPPLIER, name__startswith="演示")
        .order_by("name")
    )
    sites = list(
        Site.objects.unscoped(WHY)
        .filter(project__code__startswith="DEMO", state=WorkState.UNDER_CONSTRUCTION)
        .select_related("project")
        .order_by("pk")
    )
    wanted = _points(sites, dice)
    today = timezone.localdate()
    expired = _story_site(sites, "expired")
    for i, site in enumerate(sites):
        sprayer = Device(
            code=f"DEMO-SP-{i + 1:04d}",
            profile="sprayer",
            title=f"{site.name}喷淋",
            site=site,
            install_point="围挡",
            supplier=suppliers[i % len(suppliers)],
            interval_s=INTERVAL_S,
            installed_on=today - dt.timedelta(days=300),
        )
        # its token is made from the secret of this installation
        sprayer.token_hash = hashlib.sha256(device_token(sprayer.code).encode()).hexdigest()
        sprayer.save()
        for n in range(wanted[site.pk]):
            code = f"DEMO{i + 1:04d}{n + 1:02d}" + "0" * 14
            monitor = Device(
                code=code,
                profile="dust",
                title=f"{site.name}{n + 1}号点",
                site=site,
                install_point=("大门", "围挡东侧", "塔吊旁", "出土口")[n % 4],
                lon=(site.lon or 0) + 0.0003 * n,
                lat=site.lat,
                supplier=suppliers[(i + n) % len(suppliers)],
                password="123456",  # noqa: S106 - the standard's own example password, used by the demo devices
                interval_s=INTERVAL_S,
                token_hash=hashlib.sha256(device_token(code).encode()).hexdigest(),
                installed_on=today - dt.timedelta(days=300),
            )
            monitor.save()
            monitor.linked.add(sprayer)
            is_late = site is expired and n == 0
            until = (
                today - dt.timedelta(days=12)
                if is_late
                else today + dt.timedelta(days=dice.randrange(30, 330))
            )
            AnnualInspection(
                device=monitor,
                done_on=until - dt.timedelta(days=365),
                valid_until=until,
                body="演示检验机构",
                certificate=f"DEMO-{monitor.number:05d}",
            ).save()
            if dice.random() < 0.4:
                _upkeep(monitor, dice)


def _upkeep(device: Device, dice: random.Random) -> None:
    Maintenance(
        device=device,
        at=timezone.now() - dt.timedelta(days=dice.randrange(1, 40)),
        kind=dice.choice(["patrol", "repair", "clean"]),
        note="例行维护（演示）",
        by="演示运维员",
        minutes=dice.choice([0, 0, 15, 40]),
    ).save()


def _points(sites: list[Site], dice: random.Random) -> dict[int, int]:
    """170 points so that about nine sites in ten have what their rule asks (DUST-31)."""
    need = {s.pk: max(1, installation.needed(s.project, s.region_code)[0]) for s in sites}
    wanted = dict(need)
    for site in sites[3::9]:
        wanted[site.pk] = max(0, need[site.pk] - 1)
    keys = [s.pk for s in sites if wanted[s.pk] >= need[s.pk]]
    while sum(wanted.values()) < POINTS:
        wanted[dice.choice(keys)] += 1
    while sum(wanted.values()) > POINTS:
        fullest = max(keys, key=lambda k: wanted[k] - need[k])
        wanted[fullest] -= 1
    return wanted


def _story_site(sites: list[Site], story: str) -> Site:
    return sites[STORIES[story] % len(sites)]


def stories() -> dict[str, dict[str, Any]]:
    """For the simulators: which devices play which story."""
    sites = list(
        Site.objects.unscoped(WHY)
        .filter(project__code__startswith="DEMO", state=WorkState.UNDER_CONSTRUCTION)
        .order_by("pk")
    )
    found: dict[str, dict[str, Any]] = {}
    for story in STORIES:
        site = _story_site(sites, story)
        devices = Device.objects.unscoped(WHY).filter(site=site).order_by("number")
        found[story] = {
            "site": site.pk,
            "name": site.name,
            "monitors": [d.code for d in devices if d.profile == "dust"],
            "sprayers": [d.code for d in devices if d.profile == "sprayer"],
            "manager": _manager(site),
        }
    return found


def _manager(site: Site) -> str:
    post = (
        site.project.posts.filter(kind="project_manager", account__isnull=False)
        .select_related("account")
        .first()
    )
    return post.account.username if post and post.account else ""


def talking() -> list[dict[str, object]]:
    """Every demo device as the simulators need it: protocol, credentials, links, story."""
    roles = {
        code: story for story, cast in stories().items() for code in [*cast["monitors"], *cast["sprayers"]]
    }
    rows = (
        Device.objects.unscoped(WHY)
        .filter(code__startswith="DEMO", state="active")
        .prefetch_related("linked")
    )
    return [
        {
            "code": d.code,
            "profile": d.profile,
            "site": d.site_id,
            "protocol": "mqtt" if d.profile == "sprayer" else "http" if d.number % 17 == 0 else "hj212",
            "password": d.password,
            "token": device_token(d.code),
            "interval_s": d.interval_s,
            "linked": [s.code for s in d.linked.all()],
            "story": roles.get(d.code, ""),
        }
        for d in rows.order_by("number")
    ]
