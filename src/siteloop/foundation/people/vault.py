"""Personal data at rest: AES-256-GCM with a key derived from settings.PERSONAL_DATA_KEY; search by keyed hash only."""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

PREFIX = "v1:"


@lru_cache(maxsize=4)
def _key(purpose: bytes, master: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose).derive(master.encode())


def seal(text: str) -> str:
    """Ciphertext with a fresh nonce; "" stays ""."""
    if not text:
        return ""
    nonce = os.urandom(12)
    sealed = AESGCM(_key(b"personal data", settings.PERSONAL_DATA_KEY)).encrypt(
        nonce, text.encode(), PREFIX.encode()
    )
    return PREFIX + base64.b64encode(nonce + sealed).decode()


def unseal(stored: str) -> str:
    """Raises cryptography.exceptions.InvalidTag when key or text was changed."""
    if not stored:
        return ""
    raw = base64.b64decode(stored.removeprefix(PREFIX))
    return (
        AESGCM(_key(b"personal data", settings.PERSONAL_DATA_KEY))
        .decrypt(raw[:12], raw[12:], PREFIX.encode())
        .decode()
    )


def fingerprint(text: str) -> str:
    """HMAC-SHA256 hex: equal numbers meet, nobody can list them by trying all numbers without the key."""
    return hmac.new(
        _key(b"fingerprint", settings.PERSONAL_DATA_KEY), text.encode(), hashlib.sha256
    ).hexdigest()


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that is ciphertext in the database and clear in memory; never searched, never in the trail."""

    masked = True

    def get_prep_value(self, value: Any) -> Any:
        return seal(str(value)) if value is not None else None

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return unseal(value) if value is not None else None
