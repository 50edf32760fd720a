"""From the packs that ship to what the judge does with them in each region."""

import datetime as dt

import pytest

from siteloop.foundation.cases import catalogue
from siteloop.foundation.packs import publishing
from siteloop.foundation.packs.testing import shipped_packs
from siteloop.kernel.finding import Command
from siteloop.kernel.times import MINUTE
from siteloop.rules.catalogue import DETECTORS as GENERIC
from siteloop.rules.tests.support import NOON, feed, monitor, registry, row
from siteloop.systems.dust.rules import DETECTORS

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(db):
    shipped_packs()
    return tuple(publishing.entries(dt.date(2026, 3, 2)))


def judges(entries, *devices):
    detectors = [kind() for kind in (*GENERIC, *DETECTORS)]
    for detector in detectors:
        # as the judge does: each gets its own rules, the snapshot holds all
        own = [e for e in entries if e.detector == detector.name]
        detector.configure(registry(devices, entries), own)
    return detectors


def say(detectors, rows, profile="dust"):
    return [s for d in detectors for s in feed(d, rows, profile)]


@pytest.mark.requirement("DUST-03", "CFG-13")
def test_xiuzhou_opens_the_spray_above_75(entries):
    devices = (monitor(1, linked=(11,)), monitor(11, profile="sprayer"))
    assert not [s for s in say(judges(entries, *devices), [row(1, NOON, pm25=75)]) if isinstance(s, Command)]
    detectors = judges(entries, *devices)
    said = say(detectors, [row(1, NOON, pm25=75.1)])
    assert [(s.device, s.command) for s in said if isinstance(s, Command)] == [(11, "spray_on")]
    high = next(s for s in said if not isinstance(s, Command))
    assert high.rule == "dust.pm25_high" and "秀洲区" in high.clause
    proof = say(detectors, [row(11, NOON + MINUTE, running=1)], "sprayer")
    assert [p.key for p in proof] == [high.key]


@pytest.mark.requirement("AMB-22", "DUST-18", "DUST-19")
def test_a_high_reading_warns_and_only_equipment_is_dispatched(entries):
    catalogue.find()
    assert catalogue.for_rule("dust.spray_not_linked") is not None
    for entry in entries:
        if entry.code != "dust.spray_not_linked":
            assert catalogue.for_rule(entry.code) is None, entry.code


def test_shanghai_means_particulates_over_a_quarter_of_an_hour(entries):
    detectors = judges(entries, monitor(1, region="310115001"), monitor(2, region="520102001"))
    rows = [row(n, NOON + i * MINUTE, tsp=600) for i in range(15) for n in (1, 2)]
    said = say(detectors, rows)
    assert {(s.rule, s.device) for s in said} == {
        ("dust.tsp_high", 2)
    }  # 600 is above the nation's default only
    rows = [row(1, NOON + (15 + i) * MINUTE, tsp=1200) for i in range(30)]
    assert [s.message.split("，")[0] for s in say(detectors, rows)] == ["TSP 15分钟均值 1200.0 µg/m³"]


def test_a_region_that_switched_a_rule_off_is_left_alone(entries):
    from siteloop.foundation.packs.models import Pack, PackRule

    pack = Pack.objects.unscoped("test").get(code="zhejiang/jiaxing/pinghu")
    PackRule.objects.create(
        pack=pack, code="dust.pm10_high", title="PM10", detector="threshold", enabled=False
    )
    now = tuple(publishing.entries(dt.date(2026, 3, 2)))
    rows = [row(n, NOON + i * MINUTE, pm10=400) for i in range(20) for n in (1, 2)]
    said = say(judges(now, monitor(1, region="330482001"), monitor(2)), rows)
    assert {s.device for s in said} == {2}
