"""A rule tried and tested for one project: judged on its devices only, seen by those who see it, one at a time, adopted for it alone."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from siteloop.foundation.packs import actions, back_tests, publishing, resolve, trials
from siteloop.foundation.packs.models import BackTestRun, Pack, PackRule, RuleTrial
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions.models import Region
from siteloop.foundation.registry.models import Project
from siteloop.foundation.registry.tests import rows
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.kernel.registry import RuleEntry
from siteloop.rules.detector import Rulebook

pytestmark = pytest.mark.django_db
WHY = "test"
MAY = frozenset({"packs.*", "registry.*.view"})
COUNTY = Viewer(2, "平湖市管理员", MAY, regions=("330482",))
CODE, TOWN = "dust.pm10_high", "330482001"


@pytest.fixture(autouse=True)
def shipped(db: None) -> None:
    shipped_packs()
    Region(code="330482", name="平湖市", level=3).save()
    Region(code=TOWN, name="当湖街道", level=4).save()


def _row(project: Project | None = None, region: str = TOWN) -> PackRule:
    return resolve.rules(region, project=project.pk if project else None)[CODE]


def _try(
    on: float, project: Project | None = None, region: str = "330482", viewer: Viewer = COUNTY
) -> RuleTrial:
    place = {"project": project.pk} if project else {"region_code": region}
    data = {"params": {"on": on, "off": 60}, **place}
    perform(trials.start_trial, viewer, _row(project, TOWN if project else region), data, "居民投诉")
    return RuleTrial.objects.unscoped(WHY).latest("pk")


def _state(project: Project, on: float) -> None:
    data = {"params": {"on": on, "off": 60}, "project": project.pk}
    perform(actions.override_rule, COUNTY, _row(project), data, "学校旁")


def _tried(project: Project | None = None) -> float | None:
    """The limit on trial for a project of the town, None where nothing is tried."""
    found = _entry(f"{CODE}@trial", project)
    return float(found.params["on"]) if found else None


def _entry(code: str, project: Project | None) -> RuleEntry | None:
    return Rulebook(publishing.entries()).entry(code, TOWN, project=project.pk if project else 0)


@pytest.mark.requirement("DUST-26", "CFG-13")
def test_a_projects_trial_is_judged_on_its_devices_only() -> None:
    mine, other = rows.project(TOWN), rows.project(TOWN)
    trial = _try(100, mine)
    assert (trial.project_id, trial.region_code) == (mine.pk, TOWN)
    assert (_tried(mine), _tried(other), _tried()) == (100, None, None)
    found, real = _entry(trial.trial_code, mine), _entry(CODE, mine)
    assert found is not None and found.shadow and found.params["field"] == "pm10"
    assert real is not None and (real.params["on"], real.shadow) == (150, False)


@pytest.mark.requirement("DUST-26")
def test_a_projects_own_trial_goes_before_its_regions_and_its_own_word_keeps_it_out() -> None:
    tries, says, both, plain = (rows.project(TOWN) for _ in range(4))
    _state(says, 110)
    _state(both, 110)
    _try(100, tries)
    _try(90, both)
    _try(120)  # the county's, begun last
    assert [_tried(p) for p in (tries, says, both, plain, None)] == [100, None, 90, 120, 120]


def test_a_towns_own_trial_is_not_hidden_by_its_own_word() -> None:
    pack = Pack.objects.create(code="local/town", region_code=TOWN, title="当湖街道")
    row = _row()
    PackRule.objects.create(pack=pack, code=CODE, title=row.title, detector=row.detector, params=row.params)
    _try(100, region=TOWN)
    _try(120)
    assert _tried() == 100


@pytest.mark.requirement("CFG-13")
def test_adopted_it_is_the_projects_own_word_and_nobody_elses() -> None:
    mine = rows.project(TOWN)
    trial = _try(100, mine)
    perform(trials.adopt_trial, COUNTY, trial, {}, "两周后采用")
    own = _row(mine)
    assert (own.params["on"], own.pack.project_id, own.reason) == (100, mine.pk, "两周后采用")
    assert (_row().params["on"], _row(region="330482").params["on"]) == (150, 150)
    assert _tried(mine) is None
    perform(trials.end_trial, COUNTY, _try(90, mine), {}, "另试")  # from its own word, ended
    assert _row(mine).params["on"] == 100


def test_from_the_projects_own_row_the_place_need_not_be_named() -> None:
    mine = rows.project(TOWN)
    _state(mine, 110)
    perform(trials.start_trial, COUNTY, _row(mine), {"params": {"on": 100, "off": 60}}, "再试")
    assert RuleTrial.objects.unscoped(WHY).get().project_id == mine.pk
    with pytest.raises(Refused, match="不是此地区的现行版本"):
        data = {"params": {"on": 100, "off": 60}, "region_code": "330482"}
        perform(trials.start_trial, COUNTY, _row(mine), data, "用错了行")


def test_one_running_trial_a_rule_and_project() -> None:
    mine, other = rows.project(TOWN), rows.project(TOWN)
    first = _try(100, mine)
    with pytest.raises(Refused, match="此项目已有该规则的试运行"):
        _try(90, mine)
    _try(100, other)
    _try(120)
    with pytest.raises(IntegrityError), transaction.atomic():
        again = RuleTrial.objects.unscoped(WHY).get(pk=first.pk)
        again.pk, again._state.adding = None, True
        again.save()


def test_the_room_above_holds_for_a_project_too() -> None:
    mine = rows.project(TOWN)
    row = resolve.rules("330482")[CODE]
    perform(actions.override_rule, COUNTY, row, {"params": {"on": 140}, "region_code": "330482"}, "本地")
    PackRule.objects.unscoped(WHY).filter(pack__region_code="330482").update(bounds={"on": [120, 140]})
    with pytest.raises(Refused, match="120–140"):
        _try(110, mine)
    assert not RuleTrial.objects.unscoped(WHY).exists()


@pytest.mark.requirement("LVL-07")
def test_who_sees_the_project_sees_its_trial_and_its_tests() -> None:
    mine, far = rows.project(TOWN), rows.project("330411001")
    manager = Viewer(4, "项目经理", MAY, projects=frozenset({mine.pk}))
    stranger = Viewer(3, "秀洲区管理员", MAY, regions=("330411",))
    for viewer, project in ((stranger, mine), (COUNTY, far), (manager, mine)):
        with pytest.raises(Refused):
            _try(100, project, viewer=viewer)
        with pytest.raises(Refused):
            _ask(project, viewer)
    trial, run = _try(100, mine), _ask(mine)
    for viewer, sees in ((COUNTY, True), (manager, True), (stranger, False)):
        assert RuleTrial.objects.visible_to(viewer).filter(pk=trial.pk).exists() is sees
        assert BackTestRun.objects.visible_to(viewer).filter(pk=run.pk).exists() is sees
    with pytest.raises(Refused):
        perform(trials.adopt_trial, manager, trial, {}, "自己采用")


# ---- back-tests


def _ask(project: Project | None = None, viewer: Viewer = COUNTY, region: str = "330482") -> BackTestRun:
    today = timezone.localdate()
    place: dict[str, Any] = {"project": project.pk} if project else {"region_code": region}
    data = {"start": today - dt.timedelta(days=2), "end": today, "params": {"on": 100, "off": 60}, **place}
    perform(back_tests.back_test, viewer, _row(project, TOWN if project else region), data)
    return BackTestRun.objects.unscoped(WHY).latest("pk")


@pytest.mark.requirement("DUST-26")
def test_a_projects_back_test_asks_the_fast_plane_about_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = rows.project(TOWN)
    asked: list[back_tests.Question] = []

    def run(question: back_tests.Question, progress: back_tests.Progress) -> dict[str, Any]:
        asked.append(question)
        return {"today": 0}

    monkeypatch.setattr(back_tests, "RUNNERS", [run])
    _ask(mine)
    _ask()
    assert back_tests.work_off() == 2
    assert [(q.region, q.project) for q in asked] == [(TOWN, mine.pk), ("330482", 0)]


def test_one_open_back_test_a_project_beside_its_regions() -> None:
    mine, other = rows.project(TOWN), rows.project(TOWN)
    first = _ask(mine)
    with pytest.raises(Refused, match="本项目已有一个回溯测试"):
        _ask(mine)
    _ask(other)
    _ask()
    with pytest.raises(Refused, match="本地区已有一个回溯测试"):
        _ask()
    perform(back_tests.cancel_back_test, COUNTY, first)
    assert _ask(mine).project_id == mine.pk
