"""Rows of the registry for tests: a project with its contractor, a site, a device in a region."""

from itertools import count

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.registry.models import Device, Party, Project, Site

_serial = count(1)


def organisation(region: str, kind: str = "contractor") -> Organisation:
    """A fresh organisation."""
    row = Organisation(name=f"登记表测试单位{next(_serial)}", kind=kind, region_code=region)
    row.save()
    return row


def project(region: str, **more: object) -> Project:
    """A project under construction."""
    n = next(_serial)
    row = Project(code=f"T{n}", name=f"测试项目{n}", region_code=region, state="under_construction", **more)
    row.save()
    Party(project=row, kind="contractor", organisation=organisation(region)).save()
    return row


def site(region: str) -> Site:
    """A site of a fresh project."""
    row = Site(
        project=project(region),
        name=f"测试工地{next(_serial)}",
        region_code=region,
        state="under_construction",
    )
    row.save()
    return row


def device(region: str, profile: str = "dust") -> Device:
    """A device on a fresh site."""
    row = Device(code=f"MN{next(_serial)}", profile=profile, site=site(region))
    row.save()
    return row
