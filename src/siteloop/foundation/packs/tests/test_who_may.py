"""Roles that keep a region's rules may do all that the rules' pages offer, and may not touch another region's."""

from fnmatch import fnmatchcase

import pytest

from siteloop.foundation.authority.roles import CATALOGUE
from siteloop.foundation.packs.models import PackRule, PackValue
from siteloop.framework.pages_found import page_for
from siteloop.framework.perform import permission_of


@pytest.mark.parametrize("role", ["city_officer", "county_officer"])
@pytest.mark.parametrize("model", [PackRule, PackValue])
def test_every_act_on_rules_and_values_is_granted(role: str, model: type[PackRule | PackValue]) -> None:
    granted = next(r.permissions for r in CATALOGUE if r.code == role)
    page = page_for(model)
    assert page is not None
    assert page.actions
    for action in page.actions:
        wanted = action.permission or permission_of(model, action.code)
        assert any(fnmatchcase(wanted, pattern) for pattern in granted), wanted
