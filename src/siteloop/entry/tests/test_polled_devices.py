"""What a person types about a polled sensor is checked with the poller's own eyes and reaches it."""

import pytest
from django.core.exceptions import ValidationError

from siteloop.foundation.registry import publish
from siteloop.foundation.registry.models import DeviceModel
from siteloop.foundation.registry.tests import rows
from siteloop.gateway.listeners.modbus import sensors
from siteloop.kernel.registry import Registry

pytestmark = pytest.mark.django_db
MAP = 'profile = "dust"\n[[field]]\nname = "pm25"\nregister = 0\n'


def _model(registers: str) -> DeviceModel:
    return DeviceModel(maker="示例厂", name="PM-485", profile="dust", protocol="modbus", registers=registers)


@pytest.mark.parametrize(
    ("text", "told"), [("x", "不是 TOML"), ('profile = "dust"\nfield = []', "至少要有一个字段")]
)
def test_a_map_that_makes_no_sense_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        _model(text).full_clean()


def test_an_address_that_is_none_is_refused() -> None:
    device = rows.device("330482001")
    device.polled_at = "http://10.1.2.3"
    with pytest.raises(ValidationError, match="轮询地址应为"):
        device.full_clean()


@pytest.mark.requirement("IOT-06")
def test_address_and_map_reach_the_poller() -> None:
    model = _model(MAP)
    model.save()
    device = rows.device("330482001")
    device.model, device.polled_at = model, "10.1.2.3/7"
    device.full_clean()
    device.save()
    rows.device("330482001")
    found = sensors(Registry(1, publish.devices(), ()), set())
    assert {a: [(n, s.unit) for n, s in f.items()] for a, f in found.items()} == {
        ("10.1.2.3", 502): [(device.pk, 7)]
    }
