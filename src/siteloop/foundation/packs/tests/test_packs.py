"""Overlay, effective dates, bounds, versions, loading twice, edits that survive, and what the judge gets."""

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone

from siteloop.foundation.packs import actions, publishing, resolve
from siteloop.foundation.packs.loading import load_packs
from siteloop.foundation.packs.models import EligibilityRule, Pack, PackRule, PackValue
from siteloop.foundation.regions.models import Region
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer

pytestmark = pytest.mark.django_db
NATION = Viewer(1, "平台管理员", frozenset({"packs.*"}), regions=("",))
COUNTY = Viewer(2, "秀洲区管理员", frozenset({"packs.*"}), regions=("330411",))
WHY = "test"


@pytest.fixture(autouse=True)
def shipped(db):
    load_packs()
    for code, name, level in (
        ("33", "浙江省", 1),
        ("3304", "嘉兴市", 2),
        ("330411", "秀洲区", 3),
        ("330402", "南湖区", 3),
    ):
        Region.objects.create(code=code, name=name, level=level)


def rule(code, pack="national"):
    return PackRule.objects.unscoped(WHY).filter(code=code, pack__code=pack).order_by("-version").first()


def value(key, pack="national"):
    return PackValue.objects.unscoped(WHY).filter(key=key, pack__code=pack).order_by("-version").first()


@pytest.mark.requirement("CFG-13", "DUST-02", "DUST-03", "DUST-24")
def test_the_nearest_region_wins():
    assert resolve.value("dust.refresh_s", "330482001") == 300
    assert resolve.row("dust.refresh_s", "330482001").clause_verified
    assert not resolve.row("dust.refresh_s", "110105").clause_verified
    assert resolve.value("dust.basis", "310115")["clause"] == "第五十五条第二款"
    assert resolve.value("dust.basis", "330411")["clause"] == "第六十九条、第一百一十五条"
    assert (
        resolve.value("dust.basis", "310115")["fine_low"],
        resolve.value("dust.basis", "310115")["fine_high"],
    ) == (10_000, 100_000)
    assert len(resolve.value("dust.required_parameters", "520102")) == 8
    assert resolve.rules("330411001")["dust.pm25_spray"].pack.code == "zhejiang/jiaxing/xiuzhou"
    assert resolve.rules("330402")["dust.pm25_spray"].pack.code == "national"
    assert resolve.value("no.such", "330411") is None


@pytest.mark.requirement("AMB-06", "DISP-12")
def test_every_loop_step_has_an_editable_term_marked_unverified():
    for step in ("small_dispose", "verify", "medium_dispose", "large_dispose"):
        row = resolve.row(f"dust.loop.{step}", "330411")
        assert row.value["counts"] == "working" and row.value["amount"] > 0 and row.bounds["amount"]
        assert not row.clause_verified and "未核实" in row.clause


def test_whatever_is_not_verified_says_so():
    for model in (PackRule, PackValue, EligibilityRule):
        for row in (
            model.objects.unscoped(WHY).filter(clause_verified=False).exclude(code__endswith="others")
            if model is EligibilityRule
            else model.objects.unscoped(WHY).filter(clause_verified=False)
        ):
            assert "未核实" in row.clause, row


@pytest.mark.requirement("CFG-01")
def test_effective_dates_choose_the_edition_of_the_standard():
    before = resolve.rules("330411", dt.date(2025, 12, 31))["dust.noise_night"]
    after = resolve.rules("330411", dt.date(2026, 1, 1))["dust.noise_night"]
    assert "GB 12523-2011" in before.clause and "GB 12523-2025" in after.clause
    assert before.params["on"] == after.params["on"] == 55
    assert resolve.rules("330411", dt.date(2018, 12, 31))["dust.pm25_spray"].pack.code == "national"
    assert resolve.value("dust.evidence_basis", "310115", dt.date(2029, 3, 15)) is None


def test_loading_twice_changes_nothing():
    before = PackRule.objects.unscoped(WHY).count(), PackValue.objects.unscoped(WHY).count()
    assert load_packs().packs == 0
    Pack.objects.unscoped(WHY).update(digest="")
    again = load_packs()
    assert again.rows == 0 and again.packs > 0
    assert before == (PackRule.objects.unscoped(WHY).count(), PackValue.objects.unscoped(WHY).count())


@pytest.mark.requirement("CFG-13")
def test_a_county_adjusts_within_the_room_above():
    told = perform(
        actions.override_rule,
        COUNTY,
        rule("dust.pm10_high"),
        {"params": '{"on": 120, "off": 110}', "region_code": "330411", "effective_from": None},
        "本地空气质量目标",
    )
    assert "第 1 版" in told
    local = resolve.rules("330411001")["dust.pm10_high"]
    assert local.params["on"] == 120 and local.params["field"] == "pm10" and local.edited
    assert local.pack.code == "zhejiang/jiaxing/xiuzhou" and local.reason == "本地空气质量目标"
    assert resolve.rules("330402")["dust.pm10_high"].params["on"] == 150
    perform(actions.override_rule, COUNTY, local, {"params": {"on": 110, "off": 100}})
    assert resolve.rules("330411")["dust.pm10_high"].version == 2


@pytest.mark.requirement("CFG-13")
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"on": 501}, "50–500"),
        ({"on": 49}, "50–500"),
        ({"on": "high"}, "类型"),
        ({"colour": 1}, "没有参数"),
        ({"on": 60, "off": 70}, "恢复值"),
        ("not json", "JSON"),
    ],
)
def test_outside_the_room_or_senseless_is_refused(params, message):
    with pytest.raises(Refused) as no:
        perform(
            actions.override_rule, COUNTY, rule("dust.pm10_high"), {"params": params, "region_code": "330411"}
        )
    assert no.value.status == 422 and message in no.value.message
    assert "dust.pm10_high" not in {
        r.code for r in PackRule.objects.unscoped(WHY).filter(pack__region_code="330411")
    }


def test_a_lower_pack_cannot_widen_the_room():
    county = rule("dust.pm25_high", "zhejiang/jiaxing/xiuzhou")
    county.bounds = {"on": [0, 999]}
    county.save()
    town = Pack.objects.create(code="town", title="镇", region_code="330411001")
    assert resolve.bounds_above("dust.pm25_high", town)["on"] == [35, 115]


def test_nobody_writes_outside_his_region():
    for data in ({"params": {"on": 120}, "region_code": "330402"}, {"params": {"on": 120}}):
        with pytest.raises(Refused) as no:
            perform(actions.override_rule, COUNTY, rule("dust.pm10_high"), data)
        assert no.value.status == 403
    with pytest.raises(Refused):
        perform(
            actions.override_rule,
            NATION,
            rule("dust.pm25_high", "zhejiang/jiaxing/xiuzhou"),
            {"params": {"on": 70}, "region_code": "330402"},
        )


def test_a_region_without_a_pack_gets_its_own():
    perform(
        actions.override_value,
        NATION,
        value("dust.loop.verify"),
        {"value": {"amount": 1}, "region_code": "330402"},
    )
    assert resolve.value("dust.loop.verify", "330402") == {"amount": 1, "unit": "day", "counts": "working"}
    assert Pack.objects.unscoped(WHY).get(region_code="330402").code == "local/330402"
    with pytest.raises(Refused) as no:
        perform(
            actions.override_value,
            NATION,
            value("dust.loop.verify"),
            {"value": {"amount": 11}, "region_code": "330402"},
        )
    assert "1–10" in no.value.message


def test_a_change_may_begin_later():
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    perform(
        actions.override_value,
        NATION,
        value("dust.recurs_within_days"),
        {"value": "60", "effective_from": tomorrow},
    )
    assert resolve.value("dust.recurs_within_days", "330411") == 30
    assert resolve.value("dust.recurs_within_days", "330411", tomorrow) == 60
    with pytest.raises(Refused):
        perform(
            actions.override_value,
            NATION,
            value("dust.recurs_within_days"),
            {"value": "60", "effective_from": dt.date(2020, 1, 1)},
        )


def pack_file(folder: Path, on: int) -> Path:
    (folder / "x.toml").write_text(
        'code = "x"\ntitle = "试"\nregion = "11"\n[[rule]]\ncode = "r"\ntitle = "规则"\ndetector = "threshold"\n'
        f'[rule.params]\nfield = "pm10"\non = {on}\n[[value]]\nkey = "v"\ntitle = "值"\nvalue = {on}\n'
    )
    return folder


def test_a_changed_file_makes_a_new_version(tmp_path):
    load_packs(pack_file(tmp_path, 100))
    done = load_packs(pack_file(tmp_path, 90))
    assert done.rows == 2 and done.kept == []
    assert resolve.rules("1101")["r"].version == 2 and resolve.value("v", "1101") == 90


def test_an_edit_survives_the_file_and_the_conflict_is_reported(tmp_path):
    load_packs(pack_file(tmp_path, 100))
    perform(actions.override_rule, NATION, rule("r", "x"), {"params": {"on": 80}})
    perform(actions.override_value, NATION, value("v", "x"), {"value": "80"})
    done = load_packs(pack_file(tmp_path, 90))
    assert done.kept == ["x:r", "x:v"]
    assert resolve.rules("1101")["r"].params["on"] == 80 and resolve.value("v", "1101") == 80
    proposal = PackRule.objects.unscoped(WHY).get(pack__code="x", proposed=True)
    with pytest.raises(Refused):
        perform(actions.override_rule, NATION, proposal, {"params": {"on": 70}})
    Pack.objects.unscoped(WHY).update(digest="")
    assert load_packs(tmp_path).rows == 0  # proposed once
    perform(actions.adopt_rule, NATION, proposal)
    assert resolve.rules("1101")["r"].params["on"] == 90
    perform(actions.restore_value, NATION, PackValue.objects.unscoped(WHY).get(pack__code="x", edited=True))
    assert resolve.value("v", "1101") == 90


def test_restoring_a_purely_local_row_gives_way_to_the_wider_one():
    perform(
        actions.override_rule,
        COUNTY,
        rule("dust.pm10_high"),
        {"params": {"on": 120, "off": 100}, "region_code": "330411"},
    )
    assert resolve.rules("330411")["dust.pm10_high"].params["on"] == 120
    perform(actions.restore_rule, COUNTY, rule("dust.pm10_high", "zhejiang/jiaxing/xiuzhou"))
    assert resolve.rules("330411")["dust.pm10_high"].params["on"] == 150


def test_a_file_outside_the_room_is_refused(tmp_path):
    (tmp_path / "x.toml").write_text(
        'code = "x"\ntitle = "试"\nregion = "11"\n[[rule]]\ncode = "dust.pm10_high"\ntitle = "规则"\ndetector = "threshold"\n'
        '[rule.params]\nfield = "pm10"\non = 900\n'
    )
    with pytest.raises(ValueError, match="50–500"):
        load_packs(tmp_path)


@pytest.mark.requirement("CFG-13")
def test_what_the_judge_gets():
    entries = {(e.code, e.region): e for e in publishing.entries(dt.date(2026, 3, 2))}
    spray = entries["dust.pm25_spray", "330411"]
    assert spray.params["on"] == 75 and spray.detector == "spray_linkage" and spray.severity == "blue"
    assert "未核实" in entries["dust.pm10_high", ""].clause
    assert len([e for e in entries if e[0] == "dust.noise_day"]) == 1
    assert entries["dust.flat_pm25", ""].shadow
    perform(actions.switch_enabled, NATION, rule("dust.pm25_spray", "zhejiang/jiaxing/xiuzhou"))
    perform(actions.switch_shadow, NATION, rule("dust.flat_pm25"))
    entries = {(e.code, e.region): e for e in publishing.entries(timezone.localdate())}
    assert entries["dust.pm25_spray", "330411"].detector == "off"
    assert not entries["dust.flat_pm25", ""].shadow
    assert "dust.pm25_spray" not in resolve.rules("330411")


def test_every_shipped_rule_is_usable_by_its_detector():
    from siteloop.kernel.registry import DeviceEntry, Registry
    from siteloop.rules.catalogue import DETECTORS
    from siteloop.rules.lane import LaneDetector

    for day in (dt.date(2025, 6, 1), dt.date(2026, 3, 2)):
        entries = tuple(publishing.entries(day))
        for region in ("330411001", "330482001", "310115001", "520102001"):
            registry = Registry(
                1,
                (DeviceEntry(1, "A", "dust", 1, region), DeviceEntry(2, "B", "sprayer", 1, region)),
                entries,
            )
            used = set()
            for kind in DETECTORS:
                detector = kind()
                detector.configure(registry, entries)
                assert isinstance(detector, LaneDetector)
                used |= {lane.code for lane in detector._lanes.values()}
            wanted = {e.code for e in entries if e.detector not in ("spray_linkage", "linked_threshold")}
            assert used == wanted


def test_many_questions_cost_one_reading(django_assert_max_num_queries):
    with django_assert_max_num_queries(2), resolve.reading():
        for _ in range(50):
            resolve.value("dust.refresh_s", "330482001")


@pytest.mark.requirement("CFG-10")
def test_a_city_sets_its_own_standard():
    Region.objects.create(code="5101", name="成都市", level=2)
    told = perform(
        actions.set_standard,
        NATION,
        None,
        {
            "region_code": "5101",
            "code": "CD-1",
            "title": "八千平方米以上",
            "outcome": "must",
            "work_kind": "housing",
            "floor_area": "8000",
            "clause": "成都市规定（未核实）",
        },
    )
    assert "成都市规则包" in told
    made = EligibilityRule.objects.unscoped(WHY).get(code="CD-1")
    assert made.condition == [
        {"field": "work_kind", "op": "eq", "value": "housing"},
        {"field": "floor_area", "op": "gte", "value": 8000.0},
    ]


def test_a_change_is_published_once_it_is_committed(django_capture_on_commit_callbacks, monkeypatch):
    published = []
    monkeypatch.setattr("siteloop.foundation.registry.publish._publish_if_there", lambda: published.append(1))
    with django_capture_on_commit_callbacks(execute=True):
        perform(actions.override_value, NATION, value("dust.recurs_within_days"), {"value": "45"})
        assert published == []
    assert published == [1]


def test_the_publisher_asks_the_packs():
    from siteloop.foundation.registry.publish import RULE_PROVIDERS

    assert publishing.provide in RULE_PROVIDERS
    assert "dust.pm25_spray" in {e.code for e in publishing.provide()}


def test_numbers_are_shown_in_words():
    from siteloop.foundation.packs import wording

    assert "限值 75，恢复值 60" in wording.parameters(rule("dust.pm25_high"))
    assert "限值 35–115" in wording.room(rule("dust.pm25_high"))
    assert wording.value(value("dust.loop.verify")) == "2 个工作日"
    assert wording.value(value("dust.refresh_s")) == "300 s"
    area = EligibilityRule.objects.unscoped(WHY).get(code="CFG-03")
    assert wording.condition(area) == "工程类别 为 房屋建筑（含工业厂房），建筑面积 ≥ 5,000 ㎡"
