"""A project's rules and terms: listed, set, tried, tested; the way there from its own page; nothing of it for strangers."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.packs import actions, back_tests, resolve
from siteloop.foundation.packs.models import BackTestRun, PackRule, RuleTrial
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions import names
from siteloop.foundation.regions.models import Region
from siteloop.foundation.registry.models import Device, Project
from siteloop.foundation.registry.tests import rows
from siteloop.framework.perform import perform
from siteloop.framework.testing import Caller, caller
from siteloop.framework.viewer import Viewer
from siteloop.screens.settings.tests import made

pytestmark = pytest.mark.django_db
WHY = "test"
MAY = ["packs.packrule.*", "packs.packvalue.*", "packs.*.view", "cases.finding.view", "registry.*.view"]
COUNTY = Viewer(2, "平湖市管理员", frozenset({"*"}), regions=("330482",))
CODE, TOWN = "dust.pm10_high", "330482001"
RULE = f"/settings/rules/{CODE}/"
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def shipped(fast_plane: None) -> None:
    shipped_packs()
    for code, name, level in (
        ("33", "浙江省", 1),
        ("3304", "嘉兴市", 2),
        ("330482", "平湖市", 3),
        (TOWN, "当湖街道", 4),
    ):
        Region(code=code, name=name, level=level).save()
    names.forget()


def _text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:600]
    return str(answer.content.decode())


def _start(who: Caller, project: Project, **data: Any) -> RuleTrial:
    given = {"do": "start", "n-on": "100", "n-off": "90", "reason": "居民投诉"} | data
    answer = who.html.post(f"{RULE}trial/?project={project.pk}", given)
    assert (answer.status_code, answer["Location"]) == (302, f"{RULE}trial/?project={project.pk}")
    return RuleTrial.objects.unscoped(WHY).get(outcome="running", project=project)


def _says(project: Project, on: int) -> None:
    row = resolve.rules(TOWN, project=project.pk)[CODE]
    perform(
        actions.override_rule, COUNTY, row, {"params": {"on": on, "off": 60}, "project": project.pk}, "学校旁"
    )


def _state_trial(project: Project | None, started: dt.datetime) -> RuleTrial:
    rule = resolve.rules(TOWN)[CODE]
    row = RuleTrial(
        rule=rule, code=CODE, title=rule.title, region_code=TOWN if project else "330482", project=project,
        changes={"on": 100}, params=rule.params | {"on": 100}, until=timezone.localdate(),
        reason="测试", started_at=started, started_by="测试员",
    )  # fmt: skip
    row.save()
    return row


@pytest.mark.requirement("DUST-26", "CFG-13")
def test_a_projects_trial_is_started_compared_and_adopted_on_its_pages() -> None:
    mine, other = rows.device(TOWN), rows.device(TOWN)
    project = mine.site.project
    who = caller(MAY, "330482")
    page = _text(who.html.get(f"{RULE}trial/?project={project.pk}"))
    assert project.name in page and "没有正在进行的试运行" in page
    for tab in ("", "trial/", "back-tests/"):
        assert f'href="{RULE}{tab}?project={project.pk}"' in page
    trial = _start(who, project)
    now = timezone.now()
    RuleTrial.objects.unscoped(WHY).update(started_at=now - 24 * HOUR)
    new = made.finding(trial.trial_code, mine, now - 2 * HOUR, None, True)
    for rule in (trial.code, trial.trial_code):
        made.finding(rule, other, now - 2 * HOUR, None, rule != trial.code)
    page = _text(who.html.get(f"{RULE}trial/?project={project.pk}"))
    assert '<div class="h1 m-0">0</div>' in page and '<div class="h1 m-0">1</div>' in page
    assert new.message in page and other.code not in page
    assert "成为本项目自己的数值" in page
    above = _text(who.html.get(f"{RULE}trial/?region=330482"))
    assert "没有正在进行的试运行" in above
    assert "下级和项目的试运行" in above and f'href="?project={project.pk}"' in above
    told = who.html.post(f"{RULE}trial/?project={project.pk}", {"do": "adopt", "reason": "采用"})
    assert told.status_code == 302
    assert resolve.rules(TOWN, project=project.pk)[CODE].params["on"] == 100
    assert resolve.rules(TOWN)[CODE].params["on"] == 150
    assert "已采用" in _text(who.html.get(f"{RULE}trial/?project={project.pk}"))


@pytest.mark.requirement("DUST-26")
def test_a_regions_comparison_leaves_out_projects_that_speak_or_try_for_themselves() -> None:
    says, tries, once, plain = (rows.device(TOWN) for _ in range(4))
    _says(says.site.project, 110)
    now = timezone.now()
    trial = _state_trial(None, now - 24 * HOUR)
    _state_trial(tries.site.project, now - 3 * HOUR)
    over = _state_trial(once.site.project, now - 90 * HOUR)
    RuleTrial.objects.unscoped(WHY).filter(pk=over.pk).update(outcome="dropped", ended_at=now - 80 * HOUR)
    for device in (says, tries, once, plain):
        made.finding(trial.trial_code, device, now - 2 * HOUR, None, True)
    page = _text(caller(MAY, "330482").html.get(f"{RULE}trial/?region=330482"))
    assert {d.code for d in (says, tries, once, plain) if f"{CODE}@trial {d.code}" in page} == {
        once.code,
        plain.code,
    }
    assert '<div class="h1 m-0">2</div>' in page


def test_a_project_is_told_that_its_regions_trial_reaches_it() -> None:
    project = rows.project(TOWN)
    who, words = caller(MAY, "330482"), "本项目正参加所在地区的试运行"
    path = f"{RULE}trial/?project={project.pk}"
    assert words not in _text(who.html.get(path))
    _state_trial(None, timezone.now())
    page = _text(who.html.get(path))
    assert words in page and 'href="?region=330482"' in page
    _says(project, 110)
    assert words not in _text(who.html.get(path))  # it speaks for itself


def test_what_cannot_be_tried_for_a_project_is_told() -> None:
    project = rows.project(TOWN)
    who, path = caller(MAY, "330482"), f"{RULE}trial/?project={project.pk}"
    typed = {"do": "start", "n-on": "900", "reason": "试"}
    assert "50–500" in _text(who.html.post(path, typed), 422)
    _start(who, project)
    assert "此项目已有该规则的试运行" in _text(
        who.html.post(path, typed | {"n-on": "90", "n-off": "80"}), 422
    )
    reader = caller(["packs.*.view", "registry.*.view"], "330482")
    assert "不能为此项目试运行" in _text(reader.html.get(path))
    assert "不能为此项目发起测试" in _text(reader.html.get(f"{RULE}back-tests/?project={project.pk}"))


@pytest.mark.requirement("LVL-03")
def test_a_project_may_be_stricter_than_the_levels_above_and_not_laxer() -> None:
    project = rows.project(TOWN)
    who, path = caller(MAY, "330482"), f"{RULE}trial/?project={project.pk}"
    assert "整条规则" not in _text(who.html.get(path))
    told = _text(who.html.post(path, {"do": "switch_enabled", "reason": "停工"}), 422)
    assert "不能停用或转为试运行" in told
    PackRule.objects.unscoped(WHY).filter(code=CODE).update(shadow=True)  # nobody above enforces it
    assert "停用规则" in _text(who.html.get(path))
    assert who.html.post(path, {"do": "switch_enabled", "reason": "停工"}).status_code == 302
    assert CODE not in resolve.rules(TOWN, project=project.pk)
    assert CODE in resolve.rules(TOWN)
    assert "启用规则" in _text(who.html.get(path))


# ---- back-tests


def _tested(who: Caller, device: Device, monkeypatch: pytest.MonkeyPatch) -> BackTestRun:
    today = timezone.localdate()
    days = {"start": (today - dt.timedelta(days=2)).isoformat(), "end": today.isoformat()}
    place = f"project={device.site.project_id}"
    answer = who.html.post(f"{RULE}back-tests/?{place}", {"n-on": "120", "n-off": "100", **days})
    assert answer.status_code == 302, answer.content.decode()[:500]
    monkeypatch.setattr(
        back_tests, "RUNNERS", [lambda question, progress: made.result(device) | {"left_out": 4}]
    )
    assert back_tests.work_off() == 1
    run = BackTestRun.objects.unscoped(WHY).latest("pk")
    assert answer["Location"] == f"/settings/back-tests/{run.pk}/"
    return run


@pytest.mark.requirement("DUST-26")
def test_a_projects_back_test_is_asked_for_read_and_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    device = rows.device(TOWN)
    project = device.site.project
    who = caller(MAY, "330482")
    run = _tested(who, device, monkeypatch)
    assert (run.project, run.region_code, run.state) == (project, TOWN, "done")
    page = _text(who.html.get(f"/settings/back-tests/{run.pk}/"))
    assert f"?project={project.pk}&amp;n-on=120&amp;n-off=100" in page
    assert f'href="{RULE}back-tests/?project={project.pk}"' in page and project.name in page
    assert "4" in page and "台未计入" in page
    filled = _text(who.html.get(f"{RULE}?project={project.pk}&n-on=120&n-off=100&reason=回溯测试"))
    assert "为本项目调整" in filled and 'value="120"' in filled
    for listed in (f"project={project.pk}", "region=330482"):
        assert f"/settings/back-tests/{run.pk}/" in _text(who.html.get(f"{RULE}back-tests/?{listed}"))
    another = rows.project(TOWN)
    assert f"/settings/back-tests/{run.pk}/" not in _text(
        who.html.get(f"{RULE}back-tests/?project={another.pk}")
    )


@pytest.mark.requirement("LVL-07")
def test_a_stranger_sees_nothing_of_a_projects_trial_or_test(monkeypatch: pytest.MonkeyPatch) -> None:
    device = rows.device(TOWN)
    project = device.site.project
    who = caller(MAY, "330482")
    run = _tested(who, device, monkeypatch)
    trial = _start(who, project)
    stranger = caller(MAY, "330411")
    for path in (
        f"/settings/back-tests/{run.pk}/",
        f"/settings/?project={project.pk}",
        f"{RULE}trial/?project={project.pk}",
        f"{RULE}back-tests/?project={project.pk}",
        f"{RULE}trial/?region=330482&trial={trial.pk}",
    ):
        assert stranger.html.get(path).status_code == 404, path
    assert project.name not in _text(stranger.html.get(f"{RULE}back-tests/?region=330482"))


# ---- the list, and the way to it


@pytest.mark.requirement("CFG-01", "CFG-13")
def test_everything_in_force_for_a_project_is_listed_with_what_is_its_own() -> None:
    project = rows.project(TOWN)
    _says(project, 110)
    who = caller(MAY, "330482")
    page = _text(who.html.get(f"/settings/?project={project.pk}"))
    for key in resolve.rules(TOWN):
        assert f'href="/settings/rules/{key}/?project={project.pk}"' in page
    assert project.name in page and "限值 110 µg/m³" in page
    own = _text(who.html.get(f"/settings/?project={project.pk}&own=1"))
    assert CODE in own and "dust.pm25_high" not in own
    values = _text(who.html.get(f"/settings/?project={project.pk}&kind=values"))
    assert "supervisor_firms.near_m" in values and "credit.scale" not in values  # of regions only
    assert who.html.get("/settings/?project=no").status_code == 404


@pytest.mark.requirement("CFG-13")
def test_the_projects_own_page_shows_its_own_words_and_leads_to_them() -> None:
    device = rows.device(TOWN)
    project = device.site.project
    who = caller([*MAY, "registry.*.view"], "330482")
    path = f"/places/projects/{project.pk}/"
    page = _text(who.html.get(path))
    assert "全部沿用所在地区" in page and f'href="/settings/?project={project.pk}"' in page
    assert "查看和调整" in page
    _says(project, 110)
    _start(who, project)
    page = _text(who.html.get(path))
    assert f'href="{RULE}?project={project.pk}"' in page and "限值 110 µg/m³" in page
    assert f'href="{RULE}trial/?project={project.pk}"' in page and "试运行至" in page
    reader = caller(["packs.*.view", "registry.*.view"], "330482")
    assert "查看全部" in _text(reader.html.get(path))
    outsider = caller(["registry.*.view"], "330482")
    assert "/settings/" not in _text(outsider.html.get(path)).split("<main", 1)[-1]
