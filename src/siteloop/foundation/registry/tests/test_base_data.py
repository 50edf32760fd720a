"""The base data of a project through the API: its attributes, its seven kinds of parties, its works, its state (BASE, PROJ)."""

import pytest

from siteloop.foundation.registry.models import PartyKind
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import Caller, caller

pytestmark = pytest.mark.django_db

HOME = "330482"
ATTRIBUTES = {
    "work_kind": "municipal",
    "floor_area": 5000,
    "cost_wan": 2000,
    "is_public_key": True,
    "key_investment": "province",
    "standardisation": "city",
    "is_class_one": True,
    "required_by_authority": True,
    "zone": "xiuzhou_hightech",
}


@pytest.fixture
def officer() -> Caller:
    return caller(["*"], HOME)


def _created(officer: Caller, page: str, data: dict[str, object]) -> dict[str, object]:
    made = officer.post(f"/api/v1/registry/{page}", data)
    assert made.status_code == 201, made.content
    return dict(made.json())


@pytest.mark.requirement("BASE-06", "BASE-07", "PROJ-01")
def test_what_the_rules_and_statistics_ask_for_is_kept_and_filtered_by(officer: Caller) -> None:
    told = {"code": "BASE-1", "name": "基础数据", "region_code": "330482001", **ATTRIBUTES}
    project = _created(officer, "projects", told)
    kept = officer.get(f"/api/v1/registry/projects/{project['id']}").json()
    assert {
        k: float(v) if isinstance(v, str) and v[0].isdigit() else v
        for k, v in kept.items()
        if k in ATTRIBUTES
    } == (ATTRIBUTES)
    rows.project(HOME)
    for asked in (
        "is_class_one=true",
        "standardisation=city",
        "work_kind=municipal",
        "region_code=330482001",
    ):
        found = officer.get(f"/api/v1/registry/projects?{asked}").json()["results"]
        assert [r["id"] for r in found] == [project["id"]], asked


@pytest.mark.requirement("BASE-04", "BASE-05", "BASE-03")
def test_every_kind_of_party_stands_with_the_project(officer: Caller) -> None:
    project = rows.project(HOME)
    for kind in PartyKind.values:
        if kind != "contractor":  # every test project has one
            party = {"project": project.pk, "kind": kind, "organisation": rows.organisation(HOME, kind).pk}
            _created(officer, "parties", party)
    found = officer.get(f"/api/v1/registry/parties?project={project.pk}").json()["results"]
    assert {p["kind"] for p in found} == set(PartyKind.values)
    nobody = officer.post(
        "/api/v1/registry/parties", {"project": project.pk, "kind": "survey", "organisation": 0}
    )
    assert nobody.status_code == 422


@pytest.mark.requirement("PROJ-11")
def test_states_follow_one_another_and_nothing_skips_back(officer: Caller) -> None:
    started = {"code": "BASE-2", "name": "状态", "region_code": HOME, "work_kind": "housing"}
    one = f"/api/v1/registry/projects/{_created(officer, 'projects', started)['id']}"
    assert officer.get(one).json()["state"] == "not_started"
    for act, state in (
        ("start", "under_construction"),
        ("suspend", "suspended"),
        ("resume", "under_construction"),
    ):
        done = officer.post(f"{one}/actions/{act}", {"reason": "测试"})
        assert done.status_code == 200, done.content
        assert officer.get(one).json()["state"] == state
    assert officer.post(f"{one}/actions/start", {"reason": "测试"}).status_code == 409
    changed = officer.send("PATCH", one, {"state": "completed"})
    assert officer.get(one).json()["state"] == "under_construction", changed.content


@pytest.mark.requirement("BASE-01", "BASE-02")
def test_a_project_and_what_hangs_on_it_are_one_store(officer: Caller, fast_plane: None) -> None:
    """Base data and supervision data meet in the same project, also in search."""
    device = rows.device(HOME)
    project = device.site.project
    _created(
        officer, "works", {"project": project.pk, "name": "1号楼", "floor_area": 800, "storeys_above": 6}
    )
    assert officer.get(f"/api/v1/registry/devices?search={device.code}").json()["count"] == 1
    page = officer.html.get(f"/places/projects/{project.pk}/").content.decode()
    assert device.site.name in page
    assert "1号楼" in page
