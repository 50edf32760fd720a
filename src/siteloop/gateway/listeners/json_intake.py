"""Readings that come as JSON (MQTT payloads, HTTP bodies): who sends them, what is taken, what is refused and why."""

import time
from typing import Any

import msgspec

from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.gathering import Gathering
from siteloop.gateway.listeners import proof
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Reject
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.reading import NoReading
from siteloop.protocols.json_profile import reading

MOST_ROWS = 5_000
_json = msgspec.json.Decoder()
_write = msgspec.json.Encoder().encode


class RowError(msgspec.Struct, frozen=True):
    """One refused object of an upload: its place from 0 (-1 = the upload as a whole), the reason code and the detail."""

    row: int
    reason: str
    detail: str


class Taken(msgspec.Struct, frozen=True):
    """What became of one upload."""

    rows: int
    errors: tuple[RowError, ...] = ()


class JsonIntake:
    """The part the MQTT and the HTTP listener share; `gathering` carries the listener's name."""

    def __init__(
        self, settings: GatewaySettings, registry: RegistrySource, gathering: Gathering, presence: Presence
    ) -> None:
        self.settings, self.registry = settings, registry
        self.gathering, self.presence = gathering, presence

    def who(self, code: str, token: str) -> DeviceEntry | None:
        """The device that this code and token prove, None when they prove nothing."""
        device = self.registry.by_code.get(code)
        return device if proof.by_token(device, token, time.time_ns() // 1000) else None

    def refuse(
        self,
        reason: Reason,
        detail: str,
        raw: bytes,
        peer: str,
        code: str = "",
        device: DeviceEntry | None = None,
    ) -> None:
        """Count and quarantine one message."""
        number = device.number if device else 0
        now = time.time_ns() // 1000
        self.gathering.reject(
            Reject(now, reason.value, detail, raw, number, device.code if device else code, peer)
        )

    def refuse_stranger(self, code: str, raw: bytes, peer: str) -> None:
        """A message whose sender could not prove who it is."""
        is_known = code in self.registry.by_code
        reason = Reason.PASSWORD if is_known else Reason.UNKNOWN_DEVICE
        self.refuse(
            reason, "token does not match" if is_known else "device code is not registered", raw, peer, code
        )

    def take(self, device: DeviceEntry, body: bytes, peer: str, profile: str = "") -> Taken:
        """Take an object or an array of objects of a device that proved itself. Each object is one message.

        `profile` is that of the rows where it is not the device's own (`position`).
        """
        profile = profile or device.profile
        try:
            found: Any = _json.decode(body)
        except (msgspec.DecodeError, RecursionError, ValueError) as wrong:
            return self._whole(device, Reason.MALFORMED, f"not JSON: {wrong}", body, peer)
        items = found if isinstance(found, list) else [found]
        if not items or len(items) > MOST_ROWS:
            return self._whole(device, Reason.MALFORMED, f"1 to {MOST_ROWS} readings an upload", body, peer)
        if not device.enabled:
            return self._whole(device, Reason.DISABLED, "the device is switched off", body, peer)
        now, taken, errors = time.time_ns() // 1000, 0, []
        for place, item in enumerate(items):
            raw = body if len(items) == 1 else _write(item)
            try:
                row = reading(item, profile, device.scale, now)
                late = too_early_or_late(row.at, row.kind, now, self.settings)
                if late is not None:
                    raise NoReading(late, f"at is off by {(row.at - now) / SECOND:.0f} s")
            except NoReading as no:
                self.refuse(no.reason, no.detail, raw, peer, device=device)
                errors.append(RowError(place, no.reason.value, no.detail))
                continue
            self.gathering.row(
                profile,
                device.number,
                row.at,
                now,
                row.values,
                row.quality,
                row.kind,
                raw,
                row.flagged,
            )
            taken += 1
        return Taken(taken, tuple(errors))

    def _whole(self, device: DeviceEntry, reason: Reason, detail: str, body: bytes, peer: str) -> Taken:
        self.refuse(reason, detail, body, peer, device=device)
        return Taken(0, (RowError(-1, reason.value, detail[:200]),))
