"""A rule's trial and back-tests on their pages: started, compared with today's rule, ended, taken over; within scope and right."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from siteloop.foundation.packs import back_tests, resolve
from siteloop.foundation.packs.models import BackTestRun, Pack, PackRule, RuleTrial
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions import names
from siteloop.foundation.regions.models import Region
from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import Caller, caller
from siteloop.screens.settings.tests import made

pytestmark = pytest.mark.django_db
WHY = "test"
MAY = ["packs.packrule.*", "packs.*.view", "cases.finding.view", "registry.*.view"]
CODE = "dust.pm10_high"
RULE = "/settings/rules/dust.pm10_high/"
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def shipped(fast_plane: None) -> None:
    shipped_packs()
    for code, name, level in (
        ("33", "浙江省", 1),
        ("3304", "嘉兴市", 2),
        ("330482", "平湖市", 3),
        ("330482001", "当湖街道", 4),
        ("330482002", "乍浦镇", 4),
    ):
        Region(code=code, name=name, level=level).save()
    names.forget()  # a test before may have asked for one that was not there


def _text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:600]
    return str(answer.content.decode())


def _post(who: Caller, path: str, region: str = "330482", **data: Any) -> Any:
    return who.html.post(f"{path}?region={region}", {k.replace("n_", "n-", 1): v for k, v in data.items()})


def _trial(who: Caller, **data: Any) -> RuleTrial:
    given = {"do": "start", "n_on": "120", "n_off": "100", "reason": "冬季管控"} | data
    assert _post(who, f"{RULE}trial/", **given).status_code == 302
    return RuleTrial.objects.unscoped(WHY).get(outcome="running")


@pytest.mark.requirement("CFG-13")
def test_the_rule_page_says_what_is_judged_in_names_and_units() -> None:
    page = _text(caller(MAY, "330482").html.get(f"{RULE}?region=330482"))
    for words in (
        "监测值越过限值",
        "150 µg/m³",
        "10 分钟",
        "限值（µg/m³）",
        "上级允许 50–500",
        "试运行",
        "回溯测试",
    ):
        assert words in page, words


def test_places_below_that_say_otherwise_are_named() -> None:
    who = caller(MAY, "330482")
    assert "下级另有规定" not in _text(who.html.get(f"{RULE}?region=330482"))
    row = resolve.rules("330482")["dust.pm10_high"]
    pack = Pack.objects.create(code="local/330482001", region_code="330482001", title="当湖")
    PackRule.objects.create(
        pack=pack, code=row.code, title=row.title, detector=row.detector, params=row.params
    )
    page = _text(who.html.get(f"{RULE}?region=330482"))
    assert "下级另有规定" in page
    assert "当湖街道" in page


@pytest.mark.requirement("DUST-26")
def test_a_trial_is_shown_beside_todays_rule_by_place_with_examples() -> None:
    first, second = rows.device("330482001"), rows.device("330482002")
    foreign = rows.device("330411")
    who = caller(MAY, "330482")
    assert "没有正在进行的试运行" in _text(who.html.get(f"{RULE}trial/?region=330482"))
    trial = _trial(who)
    now = trial.started_at
    RuleTrial.objects.unscoped(WHY).filter(pk=trial.pk).update(started_at=now - 24 * HOUR)
    made.finding(trial.code, first, now - 5 * HOUR, now - 4 * HOUR, False)
    made.finding(trial.trial_code, first, now - 5 * HOUR, now - 3 * HOUR, True)  # the same episode
    new = made.finding(trial.trial_code, second, now - 2 * HOUR, None, True)
    gone = made.finding(trial.code, second, now - 9 * HOUR, now - 8 * HOUR, False)
    made.finding(trial.code, first, now - 50 * HOUR, now - 49 * HOUR, False)  # before the trial
    made.finding(trial.trial_code, foreign, now - 2 * HOUR, None, True)
    page = _text(who.html.get(f"{RULE}trial/?region=330482"))
    assert page.count('<div class="h1 m-0">2</div>') == 2
    assert "当湖街道" in page and "乍浦镇" in page
    assert foreign.code not in page
    tried, todays = page.index("只有试行数值发现的"), page.index("只有现行规则发现的")
    assert new.message in page[tried:todays]
    assert gone.message in page[todays:]
    assert f"/places/devices/{second.pk}/?from=" in page[tried:todays]
    assert f"device:{first.pk}" not in page[tried:]


def test_a_trial_is_switched_on_or_ended_with_a_reason() -> None:
    who = caller(MAY, "330482")
    _trial(who)
    assert "写明理由" in _text(_post(who, f"{RULE}trial/", do="end", reason=" "), 422)
    assert _post(who, f"{RULE}trial/", do="adopt", reason="对照后采用").status_code == 302
    row = resolve.rules("330482")["dust.pm10_high"]
    assert (row.params["on"], row.reason) == (120, "对照后采用")
    past = _text(who.html.get(f"{RULE}trial/?region=330482"))
    assert "已采用" in past
    assert "试运行已经结束" in _text(_post(who, f"{RULE}trial/", do="end", reason="晚了"), 422)


def test_what_makes_no_trial_is_told_and_nothing_typed_is_lost() -> None:
    who = caller(MAY, "330482")
    for typed, words in (("900", "50–500"), ("viel", "不是数字"), ("inf", "不是数字"), ("150", "没有可对照")):
        page = _text(_post(who, f"{RULE}trial/", do="start", n_on=typed, reason="试"), 422)
        assert words in page
        assert f'value="{typed}"' in page
    assert "没有这个操作" in _text(_post(who, f"{RULE}trial/", do="fly", reason="试"), 422)
    assert "只下发指令" in _text(who.html.get("/settings/rules/dust.pm25_spray/trial/?region=330482"))
    assert not RuleTrial.objects.unscoped(WHY).exists()


@pytest.mark.requirement("LVL-07", "CFG-13")
def test_a_region_may_be_stricter_than_the_levels_above_and_not_laxer() -> None:
    county = caller(MAY, "330482")
    for do in ("switch_enabled", "switch_shadow"):
        assert "不能停用或转为试运行" in _text(_post(county, f"{RULE}trial/", do=do, reason="试"), 422)
    assert "整条规则" not in _text(county.html.get(f"{RULE}trial/?region=330482"))
    nation = PackRule.objects.unscoped(WHY).filter(code="dust.pm10_high", pack__region_code="")
    nation.update(shadow=True)  # as a rule that is shipped on trial
    page = _text(county.html.get(f"{RULE}trial/?region=330482"))
    assert "结束整条规则的试运行" in page and "停用规则" in page
    assert _post(county, f"{RULE}trial/", do="switch_shadow", reason="本市先行").status_code == 302
    assert not resolve.rules("330482001")["dust.pm10_high"].shadow
    assert resolve.rules("330411")["dust.pm10_high"].shadow
    # its own, stricter word may be taken back as long as nobody above enforces the rule
    assert _post(county, f"{RULE}trial/", do="switch_shadow", reason="再看看").status_code == 302
    assert resolve.rules("330482001")["dust.pm10_high"].shadow


def test_readers_may_look_and_not_touch() -> None:
    reader, neighbour = caller(["packs.*.view"], "330482"), caller(MAY, "330411")
    for who in (reader, neighbour):
        assert "不能为此地区试运行" in _text(who.html.get(f"{RULE}trial/?region=330482"))
        assert "不能为此地区发起测试" in _text(who.html.get(f"{RULE}back-tests/?region=330482"))
        assert (
            _post(who, f"{RULE}trial/", do="start", n_on="120", n_off="100", reason="试").status_code == 422
        )
        assert _post(who, f"{RULE}back-tests/", start="2026-11-01", end="2026-11-02").status_code == 422
    assert not RuleTrial.objects.unscoped(WHY).exists()
    assert not BackTestRun.objects.unscoped(WHY).exists()
    assert caller(["registry.device.view"], "330482").html.get(f"{RULE}trial/").status_code == 403
    for path in (
        "/settings/rules/no.such/trial/",
        "/settings/rules/no.such/back-tests/",
        f"{RULE}trial/?trial=77",
    ):
        assert reader.html.get(path).status_code == 404


# ---- back-tests


def _asked(who: Caller, **data: Any) -> BackTestRun:
    today = timezone.localdate()
    given = {"start": (today - dt.timedelta(days=2)).isoformat(), "end": today.isoformat()} | data
    answer = _post(who, f"{RULE}back-tests/", **given)
    assert answer.status_code == 302, answer.content.decode()[:500]
    return BackTestRun.objects.unscoped(WHY).latest("pk")


@pytest.mark.requirement("DUST-26")
def test_a_back_test_is_asked_for_watched_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    device = rows.device("330482001")
    who = caller(MAY, "330482")
    assert "还没有回溯测试" in _text(who.html.get(f"{RULE}back-tests/?region=330482"))
    run = _asked(who, n_on="120", n_off="100")
    assert run.changes == {"on": 120, "off": 100}
    path = f"/settings/back-tests/{run.pk}/"
    waiting = _text(who.html.get(path))
    assert "等待后台服务领取" in waiting and "取消测试" in waiting
    assert f'hx-get="{path}?part=1"' in waiting
    monkeypatch.setattr(back_tests, "RUNNERS", [lambda question, progress: made.result(device)])
    assert back_tests.work_off() == 1
    page = _text(who.html.get(path))
    for words in ("12,700", "+2 / −0", "PM10 超过 120", device.site.name, "当湖街道", "11-20"):
        assert words in page, words
    assert "hx-get" not in _text(who.html.get(f"{path}?part=1"))  # it asks no more
    assert f"/places/devices/{device.pk}/?from=" in page
    assert "n-on=120&amp;n-off=100" in page
    listed = _text(who.html.get(f"{RULE}back-tests/?region=330482"))
    assert path in listed and "限值 120 µg/m³" in listed


def test_the_tested_numbers_fill_in_the_edit_form() -> None:
    who = caller(MAY, "330482")
    page = _text(who.html.get(f"{RULE}?region=330482&n-on=120&n-off=100&reason=回溯测试 7 的结果"))
    assert 'name="n-on" type="number" step="any" value="120"' in page
    assert "回溯测试 7 的结果" in page


def test_numbers_outside_the_room_above_can_be_tested_but_not_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = rows.device("330482001")
    who = caller(MAY, "330482")
    run = _asked(who, n_on="900")
    monkeypatch.setattr(back_tests, "RUNNERS", [lambda question, progress: made.result(device)])
    back_tests.work_off()
    page = _text(who.html.get(f"/settings/back-tests/{run.pk}/"))
    assert "超出上级允许范围，不能直接施行：限值" in page
    assert "把它作为新版本" not in page


def test_a_back_test_is_called_off_and_told_so() -> None:
    who = caller(MAY, "330482")
    run = _asked(who)
    path = f"/settings/back-tests/{run.pk}/"
    assert who.html.post(path).status_code == 302
    assert "已取消" in _text(who.html.get(path))
    assert BackTestRun.objects.unscoped(WHY).get(pk=run.pk).state == "cancelled"


def test_failures_and_empty_periods_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    device = rows.device("330482001")
    who = caller(MAY, "330482")

    def fails(question: Any, progress: Any) -> dict[str, Any]:
        raise back_tests.Failed("没有符合条件的设备")

    monkeypatch.setattr(back_tests, "RUNNERS", [fails])
    run = _asked(who)
    back_tests.work_off()
    assert "没有符合条件的设备" in _text(who.html.get(f"/settings/back-tests/{run.pk}/"))
    nothing = made.result(device) | {"readings": 0, "today": 0, "days": [["2026-11-20", 0, 0]], "places": []}
    monkeypatch.setattr(back_tests, "RUNNERS", [lambda question, progress: nothing])
    run = _asked(who, n_on="120", n_off="100")
    back_tests.work_off()
    page = _text(who.html.get(f"/settings/back-tests/{run.pk}/"))
    assert "把它作为新版本" not in page  # nothing was seen, nothing is to be taken over
    assert "次数为 0 不代表没有问题" in page
    assert "该时段没有预警" in page


def test_wrong_periods_are_refused_in_words_and_kept_in_the_form() -> None:
    who = caller(MAY, "330482")
    for start, end, words in (
        ("2026-11-02", "2026-11-01", "不能早于开始日期"),
        ("2026-02-30", "2026-03-01", "不是有效日期"),
        ("2020-01-01", "2026-01-01", "最多测试 92 日"),
    ):
        page = _text(_post(who, f"{RULE}back-tests/", start=start, end=end), 422)
        assert words in page
        assert f'value="{start}"' in page


@pytest.mark.requirement("LVL-07")
def test_a_neighbour_sees_no_back_test_of_ours() -> None:
    run = _asked(caller(MAY, "330482"))
    neighbour = caller(MAY, "330411")
    assert neighbour.html.get(f"/settings/back-tests/{run.pk}/").status_code == 404
    assert f"/settings/back-tests/{run.pk}/" not in _text(
        neighbour.html.get(f"{RULE}back-tests/?region=330482")
    )
    city = caller(["packs.*.view"], "3304")  # may look, stands above
    assert "取消测试" not in _text(city.html.get(f"/settings/back-tests/{run.pk}/"))


@pytest.mark.requirement("CFG-13")
def test_one_project_is_set_on_the_rules_page_and_named_below_its_region() -> None:
    who = caller([*MAY, "packs.packrule.override_rule", "packs.packrule.restore"], "330482")
    mine = rows.project("330482001")
    assert mine.name in _text(who.html.get(f"{RULE}?region=330482"))  # offered
    path = f"{RULE}?project={mine.pk}"
    assert "为本项目调整" in _text(who.html.get(path))
    refused = _text(who.html.post(path, {"do": "save", "n-on": "999", "reason": "投诉"}), 422)
    assert "50–500" in refused
    shown = _text(who.html.post(path, {"do": "preview", "n-on": "100", "n-off": "90", "reason": "投诉"}))
    assert "将要改变" in shown and resolve.rules("330482001", project=mine.pk)[CODE].params["on"] == 150
    saved = who.html.post(path, {"do": "save", "n-on": "100", "n-off": "90", "reason": "投诉"})
    assert (saved.status_code, saved["Location"]) == (302, path)
    assert resolve.rules("330482001", project=mine.pk)[CODE].params["on"] == 100
    above = _text(who.html.get(f"{RULE}?region=330482"))
    assert "下级另有规定" in above and f"?project={mine.pk}" in above
    # its page gives the region's numbers back
    assert who.html.post(path, {"do": "reset", "reason": "已整改"}).status_code == 302
    assert resolve.rules("330482001", project=mine.pk)[CODE].params["on"] == 150


def test_another_regions_project_is_neither_shown_nor_named() -> None:
    mine = rows.project("330482001")
    stranger = caller(MAY, "330411")
    assert stranger.html.get(f"{RULE}?project={mine.pk}").status_code == 404
    assert mine.name not in _text(stranger.html.get(f"{RULE}?region=330482"))
    assert stranger.html.get(f"/settings/values/dust.refresh_s/?project={mine.pk}").status_code == 404


@pytest.mark.requirement("CFG-13")
def test_one_projects_term_is_set_on_the_values_page() -> None:
    who = caller([*MAY, "packs.packvalue.override_value", "packs.packvalue.restore"], "330482")
    mine, page = rows.project("330482001"), "/settings/values/dust.loop.small_dispose/"
    assert mine.name in _text(who.html.get(f"{page}?region=330482"))  # offered
    assert mine.name not in _text(who.html.get("/settings/values/dust.refresh_s/?region=330482"))
    assert who.html.get(f"/settings/values/dust.refresh_s/?project={mine.pk}").status_code == 404
    path = f"{page}?project={mine.pk}"
    assert "1–15" in _text(who.html.post(path, {"do": "save", "n-amount": "99", "reason": "投诉"}), 422)
    saved = who.html.post(path, {"do": "save", "n-amount": "2", "reason": "投诉"})
    assert (saved.status_code, saved["Location"]) == (302, path)
    assert resolve.value("dust.loop.small_dispose", "330482001", project=mine.pk)["amount"] == 2
    assert f"?project={mine.pk}" in _text(who.html.get(f"{page}?region=330482"))
