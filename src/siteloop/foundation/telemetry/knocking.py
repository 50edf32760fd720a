"""Devices that wait at the doors: what one of them said, and what follows when it is registered."""

import re
from typing import Any

from django.db import connection

from siteloop.foundation.registry.models import Device
from siteloop.foundation.telemetry import quarantine
from siteloop.foundation.telemetry.explaining import EXPLAINERS, explain_frame
from siteloop.foundation.telemetry.ledger import listener_title
from siteloop.foundation.telemetry.models import Quarantine, Waiting
from siteloop.framework.viewer import Viewer

#: what kind of device a door is for, where the device does not say
USUAL = {
    "hj212": "dust",
    "jt808": "vehicle",
    "lifting": "tower_crane",
    "weighbridge": "weighbridge",
    "events": "camera",
}
#: doors that ask for a token
BY_TOKEN = frozenset({"mqtt", "http", "events"})
_PASSWORD = re.compile(rb"[;#\d]PW=([^;]{1,24});")
WHY = "messages of a sender that nobody registered belong to no scope; who may see the sender may know how many they are"


def listener(row: Waiting) -> str:
    """HJ 212, MQTT …"""
    return listener_title(row.listener)


def password_of(row: Waiting) -> str:
    """The PW of its HJ 212 frames, "" where there is none."""
    for sample in row.samples:
        found = _PASSWORD.search(bytes(sample))
        if found is not None:
            return found[1].decode("ascii", "replace")
    return ""


def said(row: Waiting, viewer: Viewer) -> dict[str, Any]:
    """Panel: the first messages as they came, and how many are kept in quarantine."""
    kept = Quarantine.objects.unscoped(WHY).filter(device=0, device_code=row.code, listener=row.listener)
    return {
        "samples": [quarantine.bytes_of(bytes(s), len(s) >= 2048) for s in row.samples],
        "kept": kept.count(),
        "code": row.code,
        "may_see": viewer.may("telemetry.quarantine.unknown"),
    }


def explained(row: Waiting, viewer: Viewer) -> dict[str, Any]:
    """Panel: its newest sample read by today's codec, as far as an unknown sender can be read."""
    if not row.samples or not EXPLAINERS:
        return {"found": None}
    return quarantine.shown(explain_frame(bytes(row.samples[-1]), row.listener, row.last_seen, None))


def registered(sender: type[Device], instance: Device, created: bool, **_: object) -> None:
    """A device was registered, by whichever way: it waits no longer."""
    if not created:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('fast.waiting')")
        if cursor.fetchone()[0] is None:
            return
        cursor.execute(
            "UPDATE fast.waiting SET state = 'adopted', device = %s, done_at = clock_timestamp() WHERE code = %s",
            [instance.pk, instance.code],
        )
