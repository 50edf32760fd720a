"""Rows for tests: a site with its people, inspectors of a body, an inspection with a small table."""

from itertools import count

from django.utils import timezone

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.registry.models import Party, ProjectPost, Site
from siteloop.foundation.registry.tests import rows as registry
from siteloop.framework.perform import perform
from siteloop.framework.testing import officer
from siteloop.systems.inspection import actions
from siteloop.systems.inspection.loading import load_all
from siteloop.systems.inspection.models import (
    CheckItem,
    CheckTable,
    Extension,
    Inspection,
    Measure,
    Order,
    Penalty,
    Proof,
)

_serial = count(1)
REGION = "330482"


def body(region: str = REGION) -> Organisation:
    """The county's supervision body."""
    found = (
        Organisation.objects.unscoped("a test's rows")
        .filter(kind="supervision_body", region_code=region)
        .first()
    )
    return found or registry.organisation(region, "supervision_body")


def inspector(region: str = REGION, permissions=("*",)):
    """An account of the supervision body."""
    account = officer(permissions, region, organisation=body(region))
    post = account.post_set.first() if hasattr(account, "post_set") else account.posts.first()
    post.region_code = region
    post.save()
    return account


def staffed_site(region: str = REGION) -> tuple[Site, object]:
    """A site whose project has a manager with an account."""
    site = registry.site(region)
    contractor = site.project.parties.get(kind="contractor").organisation
    manager = officer(
        ["cases.*", "inspection.*", "documents.*", "files.*", "registry.*"],
        sees="project",
        organisation=contractor,
    )
    ProjectPost(project=site.project, kind="project_manager", account=manager, organisation=contractor).save()
    firm = registry.organisation(region, "supervisor_firm")
    Party(project=site.project, kind="supervisor_firm", organisation=firm).save()
    return site, manager


def table(points: int | None = 10, **more) -> CheckTable:
    """A table of three lines, the first guaranteed."""
    n = next(_serial)
    row = CheckTable(
        code=f"t{n}",
        suite=f"suite{n}",
        suite_title="测试检查表",
        title=f"测试表{n}",
        category=f"类别{n}",
        weight=10,
        method="deduct" if points else "record",
        **more,
    )
    row.save()
    for number in (1, 2, 3):
        CheckItem(
            table=row,
            number=number,
            title=f"测试项{number}",
            points=points,
            is_guaranteed=number == 1,
            clause="JGJ 59-2011（测试）",
        ).save()
    return row


def inspection(
    region: str = REGION, site: Site | None = None, check_table: CheckTable | None = None
) -> Inspection:
    """An open inspection of two inspectors over one table."""
    row = Inspection(site=site or staffed_site(region)[0], checked_on=timezone.localdate())
    row.clean()
    row.save()
    row.inspectors.set([inspector(region), inspector(region)])
    row.tables.set([check_table or table()])
    return row


def first_inspector(row: Inspection):
    """The viewer of the first inspector."""
    return viewer_for(row.inspectors.order_by("pk").first())


def measure(code: str) -> Measure:
    """One of the catalogue."""
    load_all()
    return Measure.objects.unscoped("a test's rows").get(code=code)


def order(region: str = REGION, code: str = "rectify", site: Site | None = None, **data) -> Order:
    """An order given directly by an inspector."""
    place = site or staffed_site(region)[0]
    given = {"site": place.pk, "measure": measure(code).pk, "problem": "测试问题：临边防护缺失", **data}
    perform(actions.issue, viewer_for(inspector(region)), None, given)
    return Order.objects.unscoped("a test's rows").select_related("measure", "case").latest("pk")


def extension(region: str = REGION) -> Extension:
    """An application that waits."""
    row = Extension(
        order=order(region),
        asked_at=timezone.now(),
        until=timezone.now() + timezone.timedelta(days=20),
        reason="测试",
    )
    row.save()
    return row


def penalty(region: str = REGION) -> Penalty:
    """A penalty that was just moved."""
    found = order(region, "transfer")
    return Penalty.objects.unscoped("a test's rows").get(order=found)


def proof(region: str = REGION, kind: str = "electronic") -> Proof:
    """A proof of a fresh penalty."""
    row = Proof(penalty=penalty(region), kind=kind, title="塔机监控记录")
    row.save()
    return row
