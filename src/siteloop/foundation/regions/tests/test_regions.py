"""The national code tree."""

import pytest

from siteloop.foundation.regions import names, tree
from siteloop.foundation.regions.loading import bundled, import_rows
from siteloop.foundation.regions.models import Region


@pytest.mark.requirement("LVL-03", "LVL-05")
def test_the_bundled_list_holds_every_level_of_the_country() -> None:
    codes = [code for code, _ in bundled()]
    lengths = {n: sum(len(c) == n for c in codes) for n in (2, 4, 6, 9)}
    assert lengths[2] == 34
    assert lengths[4] == 342
    assert lengths[6] == 2978
    assert sum(c.startswith("330482") and len(c) == 9 for c in codes) == 9


@pytest.mark.django_db
def test_a_renamed_division_keeps_its_code_and_its_place() -> None:
    import_rows([("33", "浙江省"), ("3304", "嘉兴市"), ("330482", "平湖县")])
    assert import_rows([("330482", "平湖市")]) == 0
    assert names.full_name("330482") == "浙江省嘉兴市平湖市"
    assert Region.objects.unscoped("test").get(code="330482").parent.code == "3304"


def test_the_subtree_is_a_prefix() -> None:
    assert tree.is_inside("330482001", "3304")
    assert not tree.is_inside("330411", "330482")
    assert tree.parent("330482001") == "330482"
