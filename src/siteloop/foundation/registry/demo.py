"""Demo: a synthetic Pinghu's projects, parties, key-post persons and sites, from a fixed seed, at the size of the seeds."""

import datetime as dt
import hashlib
import random
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from siteloop.foundation.authority.demo import COUNTY, WHY, DemoAccount, towns
from siteloop.foundation.authority.models import Account, Organisation, OrganisationKind, Post, Role
from siteloop.foundation.people.models import Person
from siteloop.foundation.people.synthetic import synthetic_id
from siteloop.foundation.people.vault import fingerprint
from siteloop.foundation.registry import demo_model
from siteloop.foundation.registry.models import (
    Party,
    PartyKind,
    PostKind,
    Project,
    ProjectPost,
    SingleWork,
    Site,
    Standardisation,
    WorkKind,
    WorkState,
)

SEED = 20261
SITES = 96
KEY_PERSONS = 992  # SCA-05
#: around the county's middle; towns lie on a ring
CENTRE = (121.02, 30.70)
KINDS = ("住宅小区", "工业厂房", "学校扩建", "道路改造", "商业综合体", "安置房")
STRUCTURES = ("框架", "框剪", "钢结构", "装配式")
POSTS = (
    PostKind.PROJECT_MANAGER,
    PostKind.CHIEF_ENGINEER,
    PostKind.SAFETY_OFFICER,
    PostKind.QUALITY_OFFICER,
    PostKind.CONSTRUCTION_OFFICER,
    PostKind.LABOUR_OFFICER,
    PostKind.CHIEF_SUPERVISOR,
    PostKind.SUPERVISOR_ENGINEER,
    PostKind.BUILDER_LEADER,
)


def _organisations(kind: OrganisationKind) -> list[Organisation]:
    return list(
        Organisation.objects.unscoped(WHY).filter(kind=kind, name__startswith="演示").order_by("name")
    )


def device_token(code: str) -> str:
    """The token of a demo device: known to the program and its simulators, from the installation's own secret."""
    return hashlib.sha256(f"{settings.SECRET_KEY}:{code}".encode()).hexdigest()[:32]


def load() -> None:
    """Everything, once."""
    if Project.objects.unscoped(WHY).filter(code__startswith="DEMO").exists():
        return
    dice = random.Random(SEED)  # noqa: S311 - a fixed seed makes the county the same everywhere
    sites = [_project(i, dice) for i in range(SITES)]
    _persons([s.project for s in sites])
    _managers([s.project for s in sites])
    demo_model.load()


def _project(i: int, dice: random.Random) -> Site:
    places = towns()
    town = places[i % len(places)]
    kind = KINDS[dice.randrange(len(KINDS))]
    municipal = kind == "道路改造"
    # the 21 of the seeds that cannot install yet are not started; the rest is being built
    state = WorkState.NOT_STARTED if i % 8 == 7 and i > 16 else WorkState.UNDER_CONSTRUCTION
    area = Decimal(dice.choice([4200, 6800, 12_500, 18_600, 26_000, 38_400, 52_000, 81_000]))
    started = timezone.localdate() - dt.timedelta(days=dice.randrange(40, 600))
    project = Project(
        code=f"DEMO{COUNTY}{i + 1:04d}",
        name=f"{town.name}{kind}{i + 1:02d}号（演示）",
        region_code=town.code,
        work_kind=WorkKind.MUNICIPAL if municipal else WorkKind.HOUSING,
        floor_area=None if municipal else area,
        cost_wan=Decimal(dice.randrange(1200, 42_000)),
        structure="" if municipal else dice.choice(STRUCTURES),
        size_text=f"地上 {dice.randrange(3, 28)} 层"
        if not municipal
        else f"长 {dice.randrange(800, 4200)} m",
        is_class_one=i % 3 == 0,
        standardisation=dice.choice(list(Standardisation)) if i % 2 else Standardisation.NONE,
        # the seeds' county counts class-I and standardised projects; its authority asks them to install (CFG-06)
        required_by_authority=True if i % 3 == 0 or i % 2 else None,
        state=state,
        permit_number=f"DEMO{COUNTY}-SX-{i + 1:03d}",
        permit_date=started - dt.timedelta(days=20),
        contract_wan=Decimal(dice.randrange(1000, 40_000)),
        started_on=started if state == WorkState.UNDER_CONSTRUCTION else None,
        planned_finish=started + dt.timedelta(days=dice.randrange(500, 1100)),
        progress=dice.choice(
            ["基础施工", "主体结构三层", "主体结构封顶", "二次结构", "装饰装修", "室外总体"]
        ),
        review_state="passed" if i % 7 else "submitted",
    )
    project.save()
    _parties(project, i)
    if not municipal:
        for n in range(1, dice.randrange(2, 5)):
            SingleWork(
                project=project, name=f"{n}号楼", floor_area=area / 4, storeys_above=dice.randrange(3, 28)
            ).save()
    ring = i % len(places)
    lon = CENTRE[0] + 0.085 * ((ring % 3) - 1) + dice.uniform(-0.028, 0.028)
    lat = CENTRE[1] + 0.055 * ((ring // 3) - 1) + dice.uniform(-0.02, 0.02)
    site = Site(
        project=project,
        name=f"{town.name}{kind}{i + 1:02d}号工地",
        address=f"{town.name}演示路 {dice.randrange(1, 400)} 号",
        region_code=town.code,
        lon=round(lon, 6),
        lat=round(lat, 6),
        fence=_fence(lon, lat),
        state=state,
        works_from=dt.time(6),
        works_to=dt.time(22),
    )
    site.save()
    return site


def _fence(lon: float, lat: float) -> list[list[float]]:
    """A ring of about 160 m by 120 m."""
    x, y = 0.00085, 0.00055
    corners = [(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)]
    return [[round(lon + dx, 6), round(lat + dy, 6)] for dx, dy in corners]


def _parties(project: Project, i: int) -> None:
    for kind, organisation_kind in (
        (PartyKind.BUILDER, OrganisationKind.BUILDER),
        (PartyKind.SURVEY, OrganisationKind.SURVEY),
        (PartyKind.DESIGN, OrganisationKind.DESIGN),
        (PartyKind.CONTRACTOR, OrganisationKind.CONTRACTOR),
        (PartyKind.SUPERVISOR_FIRM, OrganisationKind.SUPERVISOR_FIRM),
        (PartyKind.MONITORING, OrganisationKind.MONITORING),
        (PartyKind.TESTING, OrganisationKind.TESTING),
    ):
        among = _organisations(organisation_kind)
        # the first projects of the first town belong to the demo manager's contractor
        pick = 0 if i % len(towns()) == 0 and i < 40 else i % len(among)
        Party(project=project, kind=kind, organisation=among[pick]).save()


def _persons(projects: list[Project]) -> None:
    """992 key-post persons over the projects; names and numbers are plainly synthetic."""
    parties = {
        (p.project_id, p.kind): p.organisation
        for p in Party.objects.unscoped(WHY).select_related("organisation")
    }
    people, posts = [], []
    for n in range(KEY_PERSONS):
        project = projects[n % len(projects)]
        kind = POSTS[n // len(projects) % len(POSTS)]
        party = (
            PartyKind.BUILDER
            if kind == PostKind.BUILDER_LEADER
            else PartyKind.SUPERVISOR_FIRM
            if kind in (PostKind.CHIEF_SUPERVISOR, PostKind.SUPERVISOR_ENGINEER)
            else PartyKind.CONTRACTOR
        )
        number = synthetic_id(n)
        people.append(
            Person(
                name=f"演示{n + 1:04d}",
                id_number=number,
                id_hash=fingerprint(number),
                phone=f"100{n + 1:08d}",
                organisation=parties[project.pk, party],
                region_code=project.region_code,
            )
        )
        posts.append((project, kind, parties[project.pk, party]))
    made = Person.objects.bulk_create(people)
    ProjectPost.objects.bulk_create(
        ProjectPost(project=project, kind=kind, person=person, organisation=organisation)
        for person, (project, kind, organisation) in zip(made, posts, strict=True)
    )


def _managers(projects: list[Project]) -> None:
    """Every project's manager has an account; `manager` holds the projects of the first contractor in the first town."""
    role = Role.objects.unscoped(WHY).get(code="project_manager")
    secret = make_password(settings.DEMO_PASSWORD)
    known = Account.objects.get(username="manager")
    for i, project in enumerate(projects):
        post = (
            ProjectPost.objects.unscoped(WHY)
            .filter(project=project, kind=PostKind.PROJECT_MANAGER)
            .select_related("organisation")
            .order_by("pk")
            .first()
        )
        assert post is not None and post.organisation is not None, "made just above"
        if post.organisation.name == "演示建工集团01" and project.region_code == projects[0].region_code:
            account = known
        else:
            one = DemoAccount(
                f"pm{i + 1:03d}",
                f"项目经理{i + 1:03d}",
                "project_manager",
                post.organisation.name,
                "项目经理",
            )
            account = Account(username=one.username, display_name=one.display_name, password=secret)
            account.save()
            Post(
                account=account,
                organisation=post.organisation,
                role=role,
                title=one.title,
                region_code=COUNTY,
            ).save()
        post.account = account
        post.save(update_fields=["account"])
