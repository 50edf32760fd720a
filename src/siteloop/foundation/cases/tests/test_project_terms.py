"""A case's deadline is its project's own term where one was set, else the region's."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.cases import catalogue, engine
from siteloop.foundation.cases.models import Case
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.foundation.packs.resolve import OF_PROJECTS
from siteloop.foundation.registry.models import Project
from siteloop.foundation.registry.tests import rows

pytestmark = pytest.mark.django_db
TERM = "dust.loop.small_dispose"


def _says(minutes: int, **place: object) -> None:
    pack = Pack(code=f"t/{minutes}", title="测试", **place)
    pack.save()
    term = {"amount": minutes, "unit": "minute", "counts": "calendar"}
    PackValue(pack=pack, key=TERM, title="期限", value=term).save()


def _minutes(project: Project) -> float:
    loop = catalogue.get("dust_equipment")
    step = next(s for s in loop.steps if s.deadline == TERM)
    now = timezone.now()
    case = Case(
        number=f"PD{project.pk}",
        loop=loop.code,
        title="测试",
        project=project,
        region_code="330482001",
        opened_at=now,
        step_since=now,
    )
    engine.enter(case, step, now)
    assert case.deadline is not None
    return (case.deadline - now) / dt.timedelta(minutes=1)


@pytest.mark.requirement("CFG-13", "DISP-04")
def test_the_project_s_own_term_goes_before_the_regions() -> None:
    mine, other = rows.project("330482001"), rows.project("330482001")
    _says(60, region_code="330482")
    _says(5, region_code="330482001", project=mine)
    assert (_minutes(mine), _minutes(other)) == (5, 60)


def test_only_terms_that_are_asked_with_a_project_may_be_set_for_one() -> None:
    assert TERM in OF_PROJECTS
    assert "dust.refresh_s" not in OF_PROJECTS
