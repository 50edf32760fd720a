"""The register of events and the codec of cameras use the same words."""

from siteloop.foundation.telemetry.models import EVENT_KINDS
from siteloop.protocols.events.event import TITLES


def test_every_kind_of_the_codec_has_its_title_in_the_register() -> None:
    assert dict(EVENT_KINDS) == {k.value: t[0] for k, t in TITLES.items() if k.value != "heartbeat"}
