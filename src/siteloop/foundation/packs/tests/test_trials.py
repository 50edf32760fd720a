"""A trial: published beside the rule in force, within the room above, ended by hand or by its date, switched on as a new version."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.packs import jobs, meaning, publishing, resolve, trials
from siteloop.foundation.packs.models import Pack, PackRule, RuleTrial
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.foundation.regions.models import Region
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.kernel.registry import RuleEntry
from siteloop.rules.detector import Rulebook

pytestmark = pytest.mark.django_db
COUNTY = Viewer(2, "平湖市管理员", frozenset({"packs.*"}), regions=("330482",))
WHY = "test"
CODE = "dust.pm10_high"


@pytest.fixture(autouse=True)
def shipped(db):
    shipped_packs()
    for code, name, level in (("33", "浙江省", 1), ("3304", "嘉兴市", 2), ("330482", "平湖市", 3)):
        Region.objects.create(code=code, name=name, level=level)


def _rule(code=CODE, region="330482"):
    return resolve.rules(region)[code]


def _start(
    viewer=COUNTY, code=CODE, region="330482", params='{"on": 120, "off": 100}', until=None, reason="冬季"
):
    data = {"params": params, "region_code": region, "until": until}
    perform(trials.start_trial, viewer, _rule(code, region), data, reason)
    return RuleTrial.objects.unscoped(WHY).get(code=code, region_code=region, outcome="running")


def _published() -> list[RuleEntry]:
    return [e for e in publishing.entries() if e.code.startswith(CODE)]


@pytest.mark.requirement("DUST-26", "CFG-13")
def test_a_trial_is_published_beside_the_rule_in_force():
    trial = _start()
    book = Rulebook(publishing.entries())
    real, tried = book.entry(CODE, "330482001"), book.entry(trial.trial_code, "330482001")
    assert real is not None and tried is not None
    assert (real.params["on"], real.shadow) == (150, False)
    assert (tried.params["on"], tried.params["field"], tried.shadow) == (120, "pm10", True)
    assert book.entry(trial.trial_code, "330411") is None  # the neighbour is not part of it
    assert _rule().params["on"] == 150


def test_places_below_with_a_word_of_their_own_take_no_part():
    pack = Pack.objects.create(code="local/330482001", region_code="330482001", title="当湖街道")
    row = _rule()
    PackRule.objects.create(pack=pack, code=CODE, title=row.title, detector=row.detector, params=row.params)
    trial = _start()
    book = Rulebook(publishing.entries())
    assert book.entry(trial.trial_code, "330482001") is None
    assert book.entry(trial.trial_code, "330482002") is not None


def test_switching_on_makes_the_new_version_and_ends_the_trial():
    trial = _start()
    perform(trials.adopt_trial, COUNTY, trial, {}, "对照两周，减少误报")
    trial = RuleTrial.objects.unscoped(WHY).get(pk=trial.pk)
    assert (trial.outcome, trial.ended_by) == ("adopted", "平湖市管理员")
    row = _rule()
    assert (row.params["on"], row.reason, row.set_by) == (120, "对照两周，减少误报", "平湖市管理员")
    assert [e.region for e in _published() if e.code == trial.trial_code] == []
    assert TrailEntry.objects.unscoped(WHY).filter(action="packs.packrule.override_rule").count() == 1
    with pytest.raises(Refused):
        perform(trials.end_trial, COUNTY, trial, {}, "")


def test_ending_leaves_todays_rule_as_it_is():
    trial = _start()
    perform(trials.end_trial, COUNTY, trial, {}, "误报增多")
    assert RuleTrial.objects.unscoped(WHY).get(pk=trial.pk).outcome == "dropped"
    assert _rule().params["on"] == 150
    assert len(_published()) == 1
    assert _start().pk != trial.pk  # another one may begin


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"params": '{"on": 900}'}, "上级允许范围为 50–500"),
        ({"params": '{"on": 150}'}, "没有可对照的内容"),
        ({"params": '{"colour": 5}'}, "没有参数 colour"),
        ({"params": '{"on": "viel"}'}, "类型不符"),
        ({"params": '{"on": NaN}'}, "不是有效数字"),
        ({"params": '{"on": 60}'}, "恢复值"),
        ({"reason": " "}, "写明理由"),
        ({"until": "2020-01-01"}, "90 日内"),
        ({"code": "dust.pm25_spray", "params": '{"on": 70}'}, "只下发指令"),
        ({"region": "330411"}, "只能修改本辖区"),
        ({"region": "330482999"}, "没有这个区划代码"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(changes, words):
    with pytest.raises(Refused) as no:
        _start(**changes)
    told = no.value.message + str(no.value.errors)
    assert words in told
    assert not RuleTrial.objects.unscoped(WHY).exists()


def test_one_trial_a_rule_and_region_and_only_with_the_right():
    _start()
    with pytest.raises(Refused, match="请先结束"):
        _start()
    nobody = Viewer(3, "镇街", frozenset({"packs.*.view"}), regions=("330482",))
    with pytest.raises(Refused) as no:
        _start(viewer=nobody)
    assert no.value.status == 403


def test_a_trial_ends_by_its_date(monkeypatch):
    trial = _start(until=timezone.localdate().isoformat())
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    assert not [e for e in publishing.entries(tomorrow) if e.code == trial.trial_code]
    midnight = dt.datetime.combine(tomorrow, dt.time(0, 5), timezone.get_current_timezone())
    monkeypatch.setattr(timezone, "localtime", lambda: midnight)
    monkeypatch.setattr(timezone, "localdate", lambda: tomorrow)
    jobs.new_day(timestamp=0)
    trial = RuleTrial.objects.unscoped(WHY).get(pk=trial.pk)
    assert (trial.outcome, trial.ended_by) == ("dropped", "到期自动结束")


def test_every_shipped_rule_says_what_it_judges_and_names_its_numbers():
    for row in PackRule.objects.unscoped(WHY):
        title, words = meaning.kind(row)
        assert words and title != row.detector, row.detector
        for fact in meaning.facts(row):
            assert fact.title != fact.name, (row.code, fact.name)
            assert fact.name in meaning.ENGLISH, fact.name


def test_numbers_are_told_with_their_units():
    facts = {f.name: f.text for f in meaning.facts(_rule("dust.pm10_high"))}
    assert facts == {"field": "PM10", "on": "150 µg/m³", "off": "130 µg/m³", "hold_s": "10 分钟"}
    noise = {f.name: f.text for f in meaning.facts(_rule("dust.noise_night"))}
    assert (noise["on"], noise["from_minute"], noise["window_s"]) == ("55 dB(A)", "22:00", "15 分钟")
    jump = {f.name: f.text for f in meaning.facts(_rule("dust.jump_pm10"))}
    assert jump["on"] == "1000 µg/m³/min"
