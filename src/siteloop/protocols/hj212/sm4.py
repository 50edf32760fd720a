"""SM4 of the data area (HJ 212-2025 6.4.2, A.2): ECB over whole groups of 16 bytes, a shorter tail stays as it is.

The CRC is computed on the plain text before encryption, so a receiver must decrypt before it can judge a frame.
Verified: key of sixteen "0", "DataTime=2024052" gives E43E159ACFAB242CB53155FB8B9281A1, the A.2 vector's beginning.
"""

import re

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB

GROUP = 16
_PRINTED = re.compile(rb"\{(0[xX][0-9A-Fa-f]{1,2}(?:,0[xX][0-9A-Fa-f]{1,2})*)\}")


def is_secret(cn: str) -> bool:
    """Whether the standard wants this command's data area encrypted: CN 2000-2999, 1014, 3020."""
    return cn in ("1014", "3020") or (len(cn) == 4 and cn.startswith("2"))


def key_of(text: str) -> bytes:
    """16 bytes of a key written as 32 hex digits. Raises ValueError."""
    key = bytes.fromhex(text)
    if len(key) != GROUP:
        raise ValueError("SM4 密钥须为 32 位十六进制")
    return key


def encrypt(area: bytes, key: bytes) -> bytes:
    """The data area as it goes on the wire; the length stays."""
    whole = len(area) - len(area) % GROUP
    encryptor = Cipher(SM4(key), ECB()).encryptor()  # noqa: S305 - the mode the standard prescribes
    return encryptor.update(area[:whole]) + encryptor.finalize() + area[whole:]


def decrypt(area: bytes, key: bytes) -> bytes:
    """The plain data area; any bytes decrypt to something, the CRC says whether it is right."""
    whole = len(area) - len(area) % GROUP
    decryptor = Cipher(SM4(key), ECB()).decryptor()  # noqa: S305 - the mode the standard prescribes
    return decryptor.update(area[:whole]) + decryptor.finalize() + area[whole:]


def unprinted(area: bytes) -> bytes | None:
    """The bytes behind the standard's print form `{0xE4,0x3E,…}tail`, which one implementer sends; None for other areas."""
    match = _PRINTED.match(area)
    if match is None:
        return None
    return bytes(int(number, 16) for number in match[1].split(b",")) + area[match.end() :]
