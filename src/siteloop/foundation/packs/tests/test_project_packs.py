"""A project's own numbers: within the room above, below every region, seen only by those who see the project."""

import pytest

from siteloop.foundation.packs import actions, ladder, publishing, resolve
from siteloop.foundation.packs.models import Pack, PackRule, PackValue
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions.models import Region
from siteloop.foundation.registry.models import Project
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.rules.detector import Rulebook

pytestmark = pytest.mark.django_db
WHY = "test"
RULES = frozenset({"packs.*", "registry.*.view"})
COUNTY = Viewer(2, "平湖市管理员", RULES, regions=("330482",))
CODE = "dust.pm10_high"


@pytest.fixture(autouse=True)
def shipped(db):
    shipped_packs()
    Region(code="330482", name="平湖市", level=3).save()


def _set(project: Project, viewer: Viewer = COUNTY, **params: float) -> str:
    row = resolve.rules(project.region_code, project=project.pk)[CODE]
    return str(
        perform(actions.override_rule, viewer, row, {"params": params, "project": project.pk}, "居民投诉")
    )


@pytest.mark.requirement("CFG-13")
def test_a_project_has_its_own_numbers_and_nobody_else():
    mine, other = rows.project("330482001"), rows.project("330482001")
    assert "第 1 版" in _set(mine, on=100, off=90)
    assert resolve.rules("330482001", project=mine.pk)[CODE].params["on"] == 100
    assert resolve.rules("330482001", project=other.pk)[CODE].params["on"] == 150
    assert resolve.rules("330482001")[CODE].params["on"] == 150
    book = Rulebook(publishing.entries())
    assert [book.entry(CODE, "330482001", project=p).params["on"] for p in (mine.pk, other.pk, 0)] == [
        100,
        150,
        150,
    ]
    _set(mine, on=110, off=90)
    assert Pack.objects.unscoped(WHY).filter(project=mine).count() == 1
    assert resolve.rules("330482001", project=mine.pk)[CODE].version == 2


@pytest.mark.requirement("CFG-13")
def test_beyond_the_room_above_is_refused_and_leaves_nothing():
    mine = rows.project("330482001")
    with pytest.raises(Refused) as no:
        _set(mine, on=501)
    assert no.value.status == 422 and "50–500" in no.value.message
    county = resolve.rules("330482")[CODE]
    perform(actions.override_rule, COUNTY, county, {"params": {"on": 140}, "region_code": "330482"}, "本地")
    row = resolve.rules("330482")[CODE]
    row.bounds = {"on": [120, 140]}
    row.save()
    with pytest.raises(Refused, match="120–140"):
        _set(mine, on=110, off=100)
    assert not PackRule.objects.unscoped(WHY).filter(pack__project=mine).exists()


def test_who_may_set_and_see_it():
    mine, far = rows.project("330482001"), rows.project("330411001")
    stranger = Viewer(3, "秀洲区管理员", RULES, regions=("330411",))
    with pytest.raises(Refused):
        _set(mine, stranger, on=100, off=90)
    with pytest.raises(Refused):
        _set(far, on=100, off=90)
    _set(mine, on=100, off=90)
    manager = Viewer(4, "项目经理", RULES, projects=frozenset({mine.pk}))
    for viewer, sees in ((COUNTY, 1), (manager, 1), (stranger, 0)):
        assert PackRule.objects.visible_to(viewer).filter(pack__project=mine).count() == sees
        assert PackRule.objects.visible_to(viewer).filter(pack__code="national").exists()


def test_restoring_gives_the_regions_numbers_back():
    mine = rows.project("330482001")
    _set(mine, on=100, off=90)
    perform(actions.restore_rule, COUNTY, resolve.rules("330482001", project=mine.pk)[CODE], {}, "投诉已处理")
    assert resolve.rules("330482001", project=mine.pk)[CODE].params["on"] == 150


def test_the_ladder_ends_at_the_project():
    import datetime as dt

    from django.utils import timezone

    mine = rows.project("330482001")
    _set(mine, on=100, off=90)
    today: dt.date = timezone.localdate()
    here = ladder.standing(PackRule, CODE, "330482001", today, mine.pk)
    there = ladder.standing(PackRule, CODE, "330482001", today)
    assert here is not None and there is not None
    assert (here.row.params["on"], here.is_own, here.rungs[-1].pack.project_id) == (100, True, mine.pk)
    assert here.room["on"] == [50, 500]
    assert (there.row.params["on"], there.is_own) == (150, False)
    assert [r.pack.project_id for r in ladder.lower(PackRule, CODE, "330482", today)] == [mine.pk]


def test_one_project_may_be_switched_off_by_those_who_switched_it_on():
    mine = rows.project("330482001")
    row = resolve.rules("330482001")[CODE]
    with pytest.raises(Refused, match="上级已正式启用"):
        perform(actions.switch_enabled, COUNTY, row, {"project": mine.pk}, "停工")
    nation = Viewer(1, "平台管理员", RULES, regions=("",))
    perform(actions.switch_enabled, nation, row, {"project": mine.pk}, "停工")
    assert CODE not in resolve.rules("330482001", project=mine.pk)
    assert Rulebook(publishing.entries()).entry(CODE, "330482001", project=mine.pk) is None


TERM = "dust.loop.small_dispose"


def _term(project: Project, amount: float, key: str = TERM) -> str:
    row = resolve.row(key, project.region_code, project=project.pk)
    data = {"value": {"amount": amount}, "project": project.pk}
    return str(perform(actions.override_value, COUNTY, row, data, "学校旁"))


@pytest.mark.requirement("CFG-13")
def test_a_project_has_its_own_term_within_the_room_above():
    mine, other = rows.project("330482001"), rows.project("330482001")
    _term(mine, 1)
    with pytest.raises(Refused, match="1–15"):
        _term(mine, 40)
    said = [resolve.value(TERM, "330482001", project=p)["amount"] for p in (mine.pk, other.pk, None)]
    assert said == [1, 3, 3]
    assert resolve.value(TERM, "330482001", project=mine.pk)["counts"] == "working"  # the rest is kept
    own = resolve.row(TERM, "330482001", project=mine.pk)
    perform(actions.restore_value, COUNTY, own, {}, "已放假")
    assert resolve.value(TERM, "330482001", project=mine.pk)["amount"] == 3


def test_a_value_that_is_asked_by_region_only_cannot_be_set_for_a_project():
    mine = rows.project("330482001")
    row = PackValue.objects.unscoped(WHY).get(key="dust.refresh_s", pack__region_code="")
    with pytest.raises(Refused) as no:
        perform(actions.override_value, COUNTY, row, {"value": 70, "project": mine.pk}, "学校旁")
    assert no.value.errors["project"] == ["该参数按地区使用，不能为单个项目设定"]


def test_what_is_read_for_a_project_can_be_set_for_it_and_the_other_way_round():
    mine = rows.project("330482001")
    for key in ("supervisor_firms.near_m", "project_stages.parts", "dust.points_by_area", TERM):
        assert key in resolve.OF_PROJECTS
    shipped = set(PackValue.objects.unscoped(WHY).values_list("key", flat=True))
    unknown = {key for key in resolve.OF_PROJECTS if not key.startswith("test")} - shipped
    assert not unknown, f"no pack states {unknown}: nobody could set it"
    for key in ("credit.scale", "documents.number", "dust.month_online_share", "acceptance.lock"):
        assert key not in resolve.OF_PROJECTS
        with pytest.raises(KeyError):
            resolve.for_project(key, mine)


@pytest.mark.requirement("CFG-13")
def test_a_projects_own_number_is_set_by_the_act_and_read_by_its_reader():
    mine, other = rows.project("330482001"), rows.project("330482001")
    row = resolve.row("supervisor_firms.near_m", "330482001")
    perform(actions.override_value, COUNTY, row, {"value": 2000, "project": mine.pk}, "线性工程")
    assert resolve.for_project("supervisor_firms.near_m", mine) == 2000
    assert resolve.for_project("supervisor_firms.near_m", other) == 500
    assert PackValue.objects.unscoped(WHY).filter(pack__project=mine).count() == 1


@pytest.mark.parametrize(
    ("wanted", "is_right"),
    [
        ([{"from": 0, "points": 4}], True),
        ([{"from": 0}], False),
        ([{"from": 0, "points": 4, "colour": 1}], False),
        ([4], False),
        ({"from": 0, "points": 4}, False),
    ],
)
def test_a_list_keeps_the_form_of_its_items(wanted, is_right):
    mine = rows.project("330482001")
    row = resolve.row("dust.points_by_area", "330482001")
    data = {"value": wanted, "project": mine.pk}
    if is_right:
        perform(actions.override_value, COUNTY, row, data, "基坑紧邻小学")
        assert resolve.for_project("dust.points_by_area", mine) == wanted
        return
    with pytest.raises(Refused) as no:
        perform(actions.override_value, COUNTY, row, data, "写错")
    assert "形式" in str(no.value.errors["value"])
