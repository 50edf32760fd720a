"""Simulated scales, register sensors and cameras against the codecs that read them."""

import pytest

from simulators.camera import PICTURE, Camera
from simulators.indicator import Indicator
from simulators.register_sensor import RegisterSensor
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.times import SECOND
from siteloop.protocols.events.event import Event, Kind
from siteloop.protocols.events.reading import pushed
from siteloop.protocols.modbus.map import load, plan, reading
from siteloop.protocols.weighbridge import xk3190
from siteloop.protocols.weighbridge.xk3190 import Command, Frame

NOW = 1_790_000_000 * SECOND
MAP = """
profile = "dust"
[[field]]
name = "pm25"
register = 0
scale = 0.1
invalid = [65535]
[[field]]
name = "temperature"
register = 4
type = "i16"
scale = 0.1
[[field]]
name = "pressure"
register = 40
table = "input"
type = "f32"
words = "DCBA"
"""


def test_an_indicator_answers_its_own_address_and_shows_its_weight() -> None:
    scale = Indicator("B", truck="12345")
    scale.gross, scale.tare = 42_180, 15_320
    asked = b"".join(xk3190.ask("B", c) for c in Command) + xk3190.ask("A", Command.GROSS)
    told = [f for f in xk3190.cut(scale.hear(asked[:7]) + scale.hear(asked[7:]))[1] if isinstance(f, Frame)]
    assert [f.command for f in told] == list(Command)
    assert [f.weight for f in told[1:4]] == [42_180, 15_320, 26_860]
    assert told[4].text == "12345"
    (shown,) = xk3190.cut(scale.shown())[1]
    assert isinstance(shown, Frame)
    assert shown.weight == 42_180


def test_a_register_sensor_says_what_the_map_reads() -> None:
    registers = load(MAP)
    sensor = RegisterSensor(registers, lambda _: {"pm25": 80.5, "temperature": -5.5, "pressure": 101.25})
    row = reading(registers, {r: sensor.read(r, NOW) for r in plan(registers)}, NOW)
    index = PROFILES["dust"].index
    assert row.values[index("pm25")] == pytest.approx(80.5)
    assert row.values[index("temperature")] == pytest.approx(-5.5)
    assert row.values[index("pressure")] == 101.25


def test_a_register_sensor_may_have_no_value_or_not_answer() -> None:
    registers = load(MAP)
    sensor = RegisterSensor(registers, lambda _: {"temperature": 20.0})
    row = reading(registers, {r: sensor.read(r, NOW) for r in plan(registers)}, NOW)
    assert row.quality[PROFILES["dust"].index("pm25")] == Quality.NO_VALUE
    sensor.is_answering = False
    assert [sensor.read(r, NOW) for r in plan(registers)] == [None, None]


@pytest.mark.parametrize(
    ("push", "kind", "pictures"),
    [
        (lambda c: c.hikvision("fielddetection", NOW), Kind.INTRUSION, [PICTURE]),
        (lambda c: c.hikvision_gate("25", NOW), Kind.ACCESS, []),
        (lambda c: c.dahua("TrafficJunction", NOW), Kind.PLATE, [PICTURE]),
        (lambda c: c.plain("no_helmet", NOW), Kind.NO_HELMET, [PICTURE]),
    ],
)
def test_cameras_of_every_maker_are_understood(push: object, kind: Kind, pictures: list[bytes]) -> None:
    content_type, body = push(Camera("CAM-1", 2))  # type: ignore[operator]
    (event,) = pushed(content_type, body, NOW)
    assert isinstance(event, Event)
    assert (event.kind, event.at, event.device, event.channel) == (kind, NOW, "CAM-1", 2)
    assert [p.data for p in event.pictures] == pictures
