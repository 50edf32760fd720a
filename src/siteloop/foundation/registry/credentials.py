"""What a device proves itself with at the MQTT and HTTP doors: a token, of which only digests are kept.

A new token does not cut a device off: the one before it stays good until `previous_until`, so that a fleet can be changed over
in daylight. Cameras that speak HTTP digest only are told apart by MD5(code:realm:token) (RFC 7616 3.4.2), kept encrypted.
"""

import datetime as dt
import hashlib
import re
import secrets
import string
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils import timezone

if TYPE_CHECKING:
    from siteloop.foundation.registry.models import Device

REALM = "siteloop"
#: passwords of cameras and gates: many take no more than sixteen letters and digits
CAMERA_LENGTH = 16
CAMERAS = frozenset({"camera", "gate"})
LEAST = 12
_PLAIN = re.compile(r"[A-Za-z0-9._~!@#$%^*+=-]+")


def check_preset(token: str) -> None:
    """Raises ValidationError for a token that is too easy to guess or that no device could send."""
    if len(token) < LEAST:
        raise ValidationError(f"令牌至少 {LEAST} 位")
    if not _PLAIN.fullmatch(token):
        raise ValidationError("令牌只能用字母、数字和 . _ ~ ! @ # $ % ^ * + = -")
    if len(set(token)) < 5:
        raise ValidationError("令牌过于简单")


def digest(token: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def ha1(code: str, token: str) -> str:
    """What HTTP digest authentication compares with."""
    return hashlib.md5(f"{code}:{REALM}:{token}".encode(), usedforsecurity=False).hexdigest()


def fresh(profile: str) -> str:
    """A token nobody can guess, of a shape the kind of device can hold."""
    if profile in CAMERAS:
        letters = string.ascii_letters + string.digits
        return "".join(secrets.choice(letters) for _ in range(CAMERA_LENGTH))
    return secrets.token_urlsafe(24)


def give(device: "Device", token: str, grace: dt.timedelta = dt.timedelta(0)) -> None:
    """Make `token` the device's own; the one before stays good for `grace`. The caller saves."""
    now = timezone.now()
    is_kept = bool(grace) and bool(device.token_hash)
    device.previous_token_hash = device.token_hash if is_kept else ""
    device.previous_ha1 = device.token_ha1 if is_kept else ""
    device.previous_until = now + grace if is_kept else None
    device.token_hash, device.token_ha1 = digest(token), ha1(device.code, token)
    device.token_issued_at = now


def forget_previous(device: "Device") -> None:
    """Only the newest token counts from now on. The caller saves."""
    device.previous_token_hash = device.previous_ha1 = ""
    device.previous_until = None
