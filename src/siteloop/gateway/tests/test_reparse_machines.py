"""Messages of the machines' ports, judged again: what the quarantine page says, and what would be let in."""

import time

import pytest

from siteloop.gateway.quarantine.reparse import judge
from siteloop.gateway.tests.listening import device
from siteloop.kernel.block import Kind
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import DAY, SECOND
from siteloop.protocols.clock import as_binary
from siteloop.protocols.jt808 import messages
from siteloop.protocols.jt808.frame import build
from siteloop.protocols.jt808.messages import Id
from siteloop.protocols.lifting import a55a, goyo_crane

NOW = time.time_ns() // 1000 // SECOND * SECOND
CRANE = device(51, "TC0051", profile="tower_crane")
NEW_CRANE = device(52, "90F72F", profile="tower_crane")
VEHICLE = device(53, "13900000053", profile="vehicle")
BY_CODE = {d.code: d for d in (CRANE, NEW_CRANE, VEHICLE)}


def _of(code: str) -> DeviceEntry | None:
    return BY_CODE.get(code)


def _location(at: int = NOW) -> bytes:
    return messages.location_body(lon=120.7, lat=30.7, at=at)


def test_a_crane_that_was_registered_since_is_let_in() -> None:
    raw = goyo_crane.realtime("TC0051", NOW, {"load": 4.0, "radius": 20.0})
    judged = judge(raw, "lifting", NOW, _of, None)
    assert (judged.device, judged.profile, len(judged.rows)) == (CRANE, "tower_crane", 1)
    assert judged.explanation.is_sound
    assert {v.field: v.value for v in judged.explanation.values}["load"] == 4.0


def test_a_work_cycle_goes_to_its_own_profile() -> None:
    fields = (
        1,
        1,
        as_binary(NOW - 300 * SECOND),
        as_binary(NOW),
        6099,
        0,
        300,
        130,
        0,
        0,
        0,
        0,
        130,
        0,
        0,
        260,
    )
    raw = a55a.build(a55a.Type.CRANE_CYCLE, "90F72F", a55a.CRANE_CYCLE.pack(*fields))
    judged = judge(raw, "lifting", NOW, _of, None)
    assert (judged.device, judged.profile) == (NEW_CRANE, "crane_cycle")
    assert (judged.rows[0].kind, judged.explanation.profile) == (Kind.CYCLE, "crane_cycle")


@pytest.mark.parametrize(
    ("raw", "reason", "failed"),
    [
        (goyo_crane.realtime("NOBODY", NOW, {"load": 1.0}), "unknown_device", "identity"),
        (goyo_crane.realtime("TC0051", NOW + DAY, {"load": 1.0}), "in_the_future", "time"),
        (goyo_crane.build(2, b"x" * 30), "unknown_device", "identity"),
        (b"GET / HTTP/1.1", "malformed", "frame"),
        (b"", "wrong_length", "frame"),
    ],
    ids=["nobody", "tomorrow", "no registered crane", "no frame", "nothing"],
)
def test_what_is_still_wrong_names_its_check(raw: bytes, reason: str, failed: str) -> None:
    judged = judge(raw, "lifting", NOW, _of, None)
    assert judged.explanation.reason == reason
    assert [c.code for c in judged.explanation.checks if c.ok is False] == [failed]
    assert judged.rows == ()


def test_a_vehicle_that_had_authenticated_is_let_in_and_a_stranger_never() -> None:
    (raw,) = build(Id.LOCATION, "13900000053", 7, _location())
    assert len(judge(raw, "jt808", NOW, _of, VEHICLE).rows) == 1
    stranger = judge(raw, "jt808", NOW, _of, None)
    assert (stranger.explanation.reason, stranger.rows) == ("wrong_password", ())


def test_a_location_out_of_a_batch_is_judged_alone() -> None:
    judged = judge(_location(NOW - 40 * DAY), "jt808", NOW, _of, VEHICLE)
    assert len(judged.rows) == 1
    assert judge(_location(NOW + DAY), "jt808", NOW, _of, VEHICLE).explanation.reason == "in_the_future"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (build(0x0801, "13900000053", 7, b"a picture")[0], "unsupported"),
        (build(Id.BATCH, "13900000053", 7, bytes(3000))[0], "unsupported"),
        (b"~broken~", "wrong_length"),
        (b"~", "wrong_length"),
    ],
)
def test_packets_that_cannot_be_read_say_why(raw: bytes, reason: str) -> None:
    assert judge(raw, "jt808", NOW, _of, VEHICLE).explanation.reason == reason


def test_a_frame_let_out_before_is_known_by_its_head() -> None:
    raw = goyo_crane.realtime("TC0051", NOW, {"load": 4.0})
    assert judge(raw, "release", NOW, _of, None).device == CRANE
    (packet,) = build(Id.LOCATION, "13900000053", 7, _location())
    assert judge(packet, "release", NOW, _of, VEHICLE).device == VEHICLE
