"""Project figures: every number is the list it opens, inside the viewer's region, and the file says the same."""

import re
from decimal import Decimal

import pytest

from siteloop.foundation.registry.models import Project
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import Caller, caller

pytestmark = pytest.mark.django_db
HOME, ABROAD = "330482", "330411"
MAY = ["registry.*"]


def project(region: str, **more: object) -> Project:
    row = rows.project(region)
    for name, value in more.items():
        setattr(row, name, value)
    row.save()
    return row


def three() -> None:
    project(f"{HOME}001", state="under_construction", floor_area=Decimal(15_000), cost_wan=Decimal(8_000))
    project(f"{HOME}001", state="suspended", work_kind="municipal")
    project(f"{HOME}002", state="under_construction", floor_area=Decimal(5_000), key_investment="province")
    project(f"{ABROAD}001", state="under_construction")


def table(who: Caller, query: str = "") -> str:
    answer = who.html.get(f"/project_figures/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.requirement("PROJ-08")
@pytest.mark.parametrize("by", ["town", "county", "kind", "investment", "standard"])
def test_every_number_is_the_length_of_the_list_it_opens(by: str) -> None:
    three()
    who = caller(MAY, HOME)
    found = re.findall(
        r'href="(/registry/projects/\?[^"]*|/registry/projects/)">(\d+)</a>', table(who, f"?by={by}")
    )
    assert found
    for link, n in found:
        place, _, query = link.replace("&amp;", "&").partition("?")
        answer = who.get(f"/api/v1{place.rstrip('/')}?{query}")
        assert answer.status_code == 200, link
        assert answer.json()["count"] == int(n), link


@pytest.mark.requirement("PROJ-08")
def test_area_and_cost_are_added_up_and_other_counties_stay_out() -> None:
    three()
    page = table(caller(MAY, HOME))
    assert ">2.00<" in page, "20,000 ㎡ in all"
    assert ">0.80<" in page, "8,000 万元"
    assert ">3</a>" in page
    assert ">4</a>" not in page


def test_a_project_of_the_county_alone_is_in_the_total_and_told() -> None:
    three()
    project(HOME, state="completed")
    page = table(caller(MAY, HOME))
    assert "1 个项目只登记到县" in page
    assert ">4</a>" in page


@pytest.mark.requirement("PROJ-08")
def test_the_file_says_the_same() -> None:
    three()
    answer = caller(MAY, HOME).html.get("/project_figures/export?by=kind")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[-1].startswith("合计,0,2,1,0,3,20000.00,8000")


def test_bad_input_no_right_and_nothing_there_are_said() -> None:
    who = caller(MAY, HOME)
    assert "没有项目" in table(who)
    assert who.html.get("/project_figures/?by=colour").status_code == 422
    assert who.html.get("/project_figures/?region=x").status_code == 422
    assert caller(["cases.*"], HOME).html.get("/project_figures/").status_code == 403
