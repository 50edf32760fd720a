"""Spray linkage: orders, proof, missing proof, hysteresis, runs and rests, lock-outs, hands, foreign keys, resuming."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.finding import Act, Command, Finding
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import MINUTE, SECOND
from siteloop.rules.tests.support import NOON, acts, comparable, feed, monitor, registry, row, rule
from siteloop.systems.dust.rules import HIGH, NOT_LINKED, SprayLinkage

TIMES = {"min_run_s": 180, "max_run_s": 900, "rest_s": 300, "proof_s": 120, "manual_s": 1800}
SPRAY = rule(
    "dust.pm25_spray", "spray_linkage", field="pm25", on=75, off=60, frost_c=2, rain_humidity=95, **TIMES
)
WARN = rule(HIGH, "linked_threshold", field="pm25", on=75, off=60)
MISSING = rule(NOT_LINKED, "spray_linkage")
RULES = (SPRAY, WARN, MISSING)


def sprayer(number=11, site=101, **fields):
    return monitor(number, profile="sprayer", site=site, code=f"SP{number}", interval_s=30, **fields)


DEVICES = (monitor(1, linked=(11,)), sprayer(11), monitor(2, linked=(12,)), sprayer(12, 102), monitor(3))


def made(rules=RULES, devices=DEVICES):
    detector = SprayLinkage()
    detector.configure(registry(devices, rules), rules)
    return detector


def air(detector, device, minutes, pm25, **more):
    return feed(detector, [row(device, NOON + int(minutes * MINUTE), pm25=pm25, **more)])


def spray(detector, device, minutes, running, **more):
    return feed(detector, [row(device, NOON + int(minutes * MINUTE), running=running, **more)], "sprayer")


def commands(said):
    return [s for s in said if isinstance(s, Command)]


def findings(said, code):
    return [s for s in said if isinstance(s, Finding) and s.rule == code]


@pytest.mark.requirement("DUST-03", "DUST-06", "DUST-08")
def test_strictly_above_75_opens_the_spray_and_the_sprayers_own_report_proves_it():
    detector = made()
    assert commands(air(detector, 1, 0, 75)) == []
    said = air(detector, 1, 1, 75.2)
    (order,) = commands(said)
    assert (order.device, order.command, order.origin) == (11, "spray_on", "rule:dust.pm25_spray")
    assert order.args == {"seconds": 900} and "75.2" in order.reason
    (high,) = findings(said, HIGH)
    (proof,) = spray(detector, 11, 1.5, 1)
    assert proof.act is Act.UPDATE and proof.key == high.key
    assert f"command:{order.id}" in proof.evidence and "SP11" in proof.message and "已联动" in proof.message
    assert f"reading:11@{NOON + 90 * SECOND}" in proof.evidence
    assert detector.tick(NOON + 10 * MINUTE) == []  # nothing missing
    later = findings(air(detector, 1, 3, 90), HIGH)[0]
    assert later.act is Act.UPDATE and "已联动" in later.message


@pytest.mark.requirement("DUST-19")
def test_no_proof_in_time_raises_and_a_proven_run_on_a_later_demand_clears():
    detector = made()
    order = commands(air(detector, 1, 0, 90))[0]
    assert detector.tick(NOON + 119 * SECOND) == []
    (missing,) = detector.tick(NOON + 121 * SECOND)
    assert (missing.rule, missing.act, missing.subject, missing.site) == (
        NOT_LINKED,
        Act.RAISE,
        "site:101",
        101,
    )
    assert missing.device == 11 and f"command:{order.id}" in missing.evidence and "未收到" in missing.message
    assert missing.since == NOON and missing.value == 90 and missing.limit == 75
    assert detector.tick(NOON + 200 * SECOND) == []  # said once
    assert acts(spray(detector, 11, 2.5, 1)) == []  # too late for this order
    spray(detector, 11, 3, 0)
    assert acts(air(detector, 1, 4, 50)) == ["clear", "spray_off"]
    detector.tick(NOON + 5 * MINUTE)
    (again,) = commands(air(detector, 1, 60, 90))
    assert again.id != order.id
    said = spray(detector, 11, 60.5, 1)
    (cleared,) = findings(said, NOT_LINKED)
    assert (
        cleared.act is Act.CLEAR and cleared.key == missing.key and f"command:{again.id}" in cleared.evidence
    )


@pytest.mark.requirement("DUST-19")
def test_a_monitor_without_any_sprayer_is_not_linked():
    detector = made()
    said = air(detector, 3, 0, 90)
    (missing,) = findings(said, NOT_LINKED)
    assert missing.device == 3 and missing.subject == "site:103" and "没有登记" in missing.message
    assert commands(said) == []


def test_another_sites_sprayer_proves_and_clears_nothing():
    detector = made()
    air(detector, 1, 0, 90)
    spray(detector, 12, 0.2, 0)
    assert spray(detector, 12, 0.5, 1) == []
    (missing,) = findings(detector.tick(NOON + 3 * MINUTE), NOT_LINKED)
    assert missing.subject == "site:101"
    air(detector, 2, 40, 90)
    assert findings(spray(detector, 12, 40.5, 1), NOT_LINKED) == []  # its own proof, not site 101's


def test_flagged_late_and_duplicate_reports_prove_nothing():
    detector = made()
    spray(detector, 11, -1, 0)
    air(detector, 1, 0, 90)
    assert spray(detector, 11, 0.5, 1, flags={"running": Quality.MAINTENANCE}) == []
    assert spray(detector, 11, -5, 1, late=5 * MINUTE) == []  # older than what is known
    assert spray(detector, 11, 0.5, 1) == []  # duplicate of the flagged row
    assert acts(detector.tick(NOON + 3 * MINUTE)) == ["raise"]


def test_a_report_from_before_the_order_proves_nothing():
    detector = made()
    air(detector, 1, 0, 90)
    assert spray(detector, 11, -10, 1, late=int(10.2 * MINUTE)) == []
    assert acts(detector.tick(NOON + 3 * MINUTE)) == ["raise"]


def test_flagged_late_and_duplicate_readings_open_nothing():
    detector = made()
    air(detector, 1, 0, 50)
    assert air(detector, 1, -1, 99) == [] and air(detector, 1, 0, 99) == []
    assert air(detector, 1, 1, 99, flags={"pm25": Quality.FAULT}) == []


def test_below_the_off_value_stops_after_the_shortest_run():
    detector = made()
    air(detector, 1, 0, 90)
    spray(detector, 11, 0.5, 1)
    assert commands(air(detector, 1, 1, 70)) == []  # between off and on
    assert commands(air(detector, 1, 2, 60)) == []  # clean, but it has only run two minutes
    assert detector.tick(NOON + 179 * SECOND) == []
    (off,) = detector.tick(NOON + 181 * SECOND)
    assert (off.command, off.device) == ("spray_off", 11)
    assert detector.tick(NOON + 30 * MINUTE) == []


def test_the_longest_run_ends_in_a_rest_and_starts_again():
    detector = made()
    first = commands(air(detector, 1, 0, 90))[0]
    spray(detector, 11, 0.5, 1)
    air(detector, 1, 14, 90)
    assert acts(detector.tick(NOON + 15 * MINUTE)) == ["spray_off"]
    spray(detector, 11, 15.5, 0)
    assert commands(detector.tick(NOON + 19 * MINUTE)) == []
    (second,) = commands(detector.tick(NOON + 20 * MINUTE + SECOND))
    assert second.command == "spray_on" and second.id != first.id


def test_no_new_run_on_old_readings():
    detector = made()
    air(detector, 1, 0, 90)
    spray(detector, 11, 0.5, 1)
    detector.tick(NOON + 15 * MINUTE)
    assert commands(detector.tick(NOON + 40 * MINUTE)) == []


def test_frost_and_rain_lock_and_open_again():
    detector = made()
    said = air(detector, 1, 0, 90, temperature=1.5)
    assert commands(said) == []
    (told,) = detector.tick(NOON + 2 * MINUTE)
    assert told.rule == HIGH and "防结冰" in told.message
    assert findings(detector.tick(NOON + 5 * MINUTE), NOT_LINKED) == []  # nothing ordered, nothing missing
    air(detector, 1, 6, 90, temperature=5)
    assert acts(detector.tick(NOON + 7 * MINUTE)) == ["spray_on"]
    assert commands(air(made(), 1, 0, 90, humidity=96)) == []


def test_hours_lock():
    night_only = rule(
        "dust.pm25_spray", "spray_linkage", field="pm25", on=75, off=60, from_minute=0, to_minute=60
    )
    assert commands(air(made((night_only, WARN, MISSING)), 1, 0, 90)) == []


def test_a_hand_on_the_sprayer_makes_the_automatic_step_back():
    detector = made()
    spray(detector, 11, -2, 0)
    spray(detector, 11, -1, 1)  # nobody ordered this
    assert commands(air(detector, 1, 0, 90)) == []
    assert findings(detector.tick(NOON + 5 * MINUTE), NOT_LINKED) == []
    air(detector, 1, 29, 90)
    assert acts(detector.tick(NOON + 29 * MINUTE + SECOND)) == ["spray_on"]

    stopped = made()
    air(stopped, 1, 0, 90)
    spray(stopped, 11, 0.5, 1)
    spray(stopped, 11, 4, 0)  # stopped by hand while we want spray
    air(stopped, 1, 10, 90)
    assert stopped.tick(NOON + 10 * MINUTE) == []


def test_two_monitors_share_a_sprayer():
    devices = (monitor(1, linked=(11,)), monitor(2, site=101, linked=(11,)), sprayer(11))
    detector = made(devices=devices)
    (order,) = commands(air(detector, 1, 0, 90))
    assert commands(air(detector, 2, 0.5, 90)) == []  # runs already
    assert {f.device for f in spray(detector, 11, 1, 1)} == {1, 2}
    assert commands(air(detector, 1, 5, 50)) == []  # the other still asks
    assert [c.command for c in commands(air(detector, 2, 6, 50))] == ["spray_off"]
    assert order.device == 11


def test_one_proven_sprayer_of_two_is_enough():
    detector = made(devices=(monitor(1, linked=(11, 12)), sprayer(11), sprayer(12)))
    assert [c.device for c in commands(air(detector, 1, 0, 90))] == [11, 12]
    assert acts(spray(detector, 12, 1, 1)) == ["update"]
    assert detector.tick(NOON + 3 * MINUTE) == []


def test_orders_have_the_same_name_on_replay():
    orders = [commands(air(made(), 1, 0, 90))[0].id for _ in range(2)]
    assert orders[0] == orders[1]
    assert commands(air(made(), 2, 0, 90))[0].id != orders[0]


def test_a_region_without_the_rule_sprays_nothing_but_still_warns():
    off = rule("dust.pm25_spray", "off", "330411")
    assert acts(air(made((*RULES, off)), 1, 0, 90)) == ["raise"]


def test_a_removed_monitor_closes_its_findings_and_lets_the_sprayer_stop():
    detector = made()
    air(detector, 1, 0, 90)
    spray(detector, 11, 0.5, 1)
    air(detector, 3, 0, 90)
    detector.configure(registry((sprayer(11), monitor(2)), RULES), RULES)
    said = detector.tick(NOON + 4 * MINUTE)
    assert sorted(acts(said)) == ["clear", "clear", "clear", "spray_off"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, 11, 12]),
        st.integers(0, 40),
        st.sampled_from([50.0, 70.0, 80.0, 95.0]),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.lists(st.integers(0, 30), max_size=4), st.booleans())
def test_any_splitting_and_resuming_gives_the_same(drawn, cuts, resume):
    """Blocks of one profile may be cut anywhere; a dumped linkage goes on as if nothing had happened."""
    devices = (
        monitor(1, linked=(11,)),
        monitor(2, site=101, linked=(11, 12)),
        monitor(3),
        sprayer(11),
        sprayer(12),
    )

    def run(edges):
        detector, said = made(devices=devices), []
        # the order of profiles is the bus's: rows are grouped by profile runs, each run cut at the edges
        for start, stop in pairwise(edges):
            group, profile = [], ""
            for number, minute, pm25, running in drawn[start:stop]:
                kind = "sprayer" if number > 10 else "dust"
                if kind != profile and group:
                    said += feed(detector, group, profile)
                    group = []
                profile = kind
                at = NOON + minute * MINUTE
                group.append(
                    row(number, at, running=running) if kind == "sprayer" else row(number, at, pm25=pm25)
                )
            if group:
                said += feed(detector, group, profile)
            if resume and stop != len(drawn):
                data, detector = detector.dump(), made(devices=devices)
                detector.load(data)
        said += detector.tick(NOON + 2 * 60 * MINUTE)
        return comparable(said)

    whole = run([0, len(drawn)])
    parts = run(sorted({0, len(drawn), *(c for c in cuts if c < len(drawn))}))
    assert whole == parts


def test_a_linkage_on_trial_orders_nothing_and_nobody_fails_to_obey():
    trial = type(SPRAY)(SPRAY.code, SPRAY.detector, "", 1, SPRAY.params, "blue", shadow=True)
    detector = made((trial, WARN, MISSING))
    said = air(detector, 1, 0, 200) + air(detector, 3, 0, 200) + detector.tick(NOON + 10 * MINUTE)
    assert commands(said) == []
    assert findings(said, NOT_LINKED) == []
    assert len(findings(said, HIGH)) == 2
