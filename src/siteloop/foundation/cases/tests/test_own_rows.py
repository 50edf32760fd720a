"""Scopes over to-many relations: each row once, no more rows than the joins would find, and no join of one relation with another."""

import pytest
from django.db.models import Q

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import Party, Project
from siteloop.foundation.registry.tests import rows
from siteloop.framework.own_rows import once
from siteloop.framework.viewer import Viewer


def viewer(**more):
    return Viewer(user=7, name="张三", permissions=frozenset("*"), **more)


def units(project, many):
    for n, kind in zip(range(many), ("builder", "contractor", "supervisor_firm"), strict=False):
        unit = Organisation._base_manager.create(
            name=f"{project.code}单位{n}", kind=kind, region_code="330482"
        )
        Party._base_manager.create(project=project, kind=kind, organisation=unit)
    return [p.organisation_id for p in Party._base_manager.filter(project=project)]


@pytest.mark.django_db
def test_a_project_of_three_own_units_is_one_row() -> None:
    project, other = rows.project("330482"), rows.project("330482")
    own = units(project, 3)
    seen = Project.objects.visible_to(viewer(organisations=frozenset(own)))
    assert list(seen) == [project]
    assert seen.count() == 1
    both = viewer(organisations=frozenset(own), projects=frozenset({other.pk}), regions=("330482",))
    assert Project.objects.visible_to(both).filter(pk__in=[project.pk, other.pk]).count() == 2


@pytest.mark.django_db
def test_a_region_alone_needs_no_subquery_and_relations_are_not_joined_with_each_other() -> None:
    county = str(Case.objects.visible_to(viewer(regions=("330482",))).query)
    assert county.count("SELECT") == 1
    unit = str(Case.objects.visible_to(viewer(regions=("330482",), organisations=frozenset({1, 2}))).query)
    assert unit.count("SELECT") == 3
    outer = unit.split("WHERE", 1)[0]
    assert "cases_caseduty" not in outer and "registry_party" not in outer


@pytest.mark.django_db
def test_nothing_granted_is_nothing_and_what_is_negated_stays_so() -> None:
    project = rows.project("330482")
    own = units(project, 2)
    assert not Project.objects.visible_to(viewer()).exists()
    without = ~Q(parties__organisation__in=own)
    assert set(Project._base_manager.filter(once(Project, without))) == set(
        Project._base_manager.filter(without)
    )
