"""Nobody gives away rights or reach that he does not hold."""

import pytest

from siteloop.foundation.authority.models import DepartmentGrant, GrantState, Organisation, Post, Role, Sees
from siteloop.foundation.authority.pages import approve
from siteloop.framework import perform
from siteloop.framework.action import Refused
from siteloop.framework.testing import officer
from siteloop.framework.viewer import Viewer

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SEC-06")]
HOME = "330482"
ADMIN = Viewer(user=1, name="县管理员", permissions=frozenset({"authority.*", "dust.*"}), regions=(HOME,))


def role(code, permissions, sees=Sees.REGION):
    return Role._machinery.create(code=code, title=code, permissions=permissions, sees=sees)


def post(the_role, region=""):
    employer = Organisation._machinery.get_or_create(
        name="县局", defaults={"kind": "county_authority", "region_code": HOME}
    )[0]
    data = {"account": officer().pk, "organisation": employer.pk, "role": the_role.pk, "region_code": region}
    return perform.create(Post, ADMIN, data)


def test_a_post_within_own_rights_and_region():
    assert post(role("dust", ["dust.*", "authority.post.view"])).pk
    assert post(role("town", ["dust.case.view"]), HOME + "100").pk


@pytest.mark.parametrize("region", ["33", "330411", "33048"])
def test_no_post_beyond_the_own_region(region):
    with pytest.raises(Refused) as no:
        post(role("dust", ["dust.*"]), region)
    assert no.value.status == 403
    assert not Post._machinery.filter(role__code="dust").exists()


@pytest.mark.parametrize("permissions", [["*"], ["people.person.open"], ["dust.*", "cases.*"]])
def test_no_role_and_no_post_with_foreign_rights(permissions):
    with pytest.raises(Refused):
        post(role("strong", permissions))
    data = {"code": "new", "title": "新", "permissions": permissions, "sees": "region"}
    with pytest.raises(Refused):
        perform.create(Role, ADMIN, data)


def test_a_grant_is_approved_by_the_authority_over_the_region_only():
    organisation = Organisation._machinery.create(name="外县局", kind="ecology", region_code="330411")
    grant = DepartmentGrant._machinery.create(
        organisation=organisation, region_code=HOME, permissions=["dust.case.view"], purpose="联合检查"
    )
    applicant = Viewer(
        user=2,
        name="申请人",
        permissions=frozenset({"*"}),
        regions=("330411",),
        organisations=frozenset({organisation.pk}),
    )
    with pytest.raises(Refused):
        perform.perform(approve, applicant, grant, {"opinion": "自己批"})
    grant.refresh_from_db()
    assert grant.state == GrantState.APPLIED
    perform.perform(approve, ADMIN, grant, {"opinion": "同意"})
