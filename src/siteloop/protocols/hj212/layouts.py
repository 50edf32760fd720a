"""Data areas of the same shape: a device sends the same keys in the same order, so its shape is learnt once and read by one match."""

import re
from functools import lru_cache

import msgspec

from siteloop.kernel.profiles import PROFILES
from siteloop.protocols.hj212.factors import FACTORS, VALUE_NAMES
from siteloop.protocols.hj212.taken import PROFILE

MOST = 256  # shapes known at a time; what comes with another one is for the plain codec
LONGEST_KEY = 64
_SEPARATOR = re.compile(rb"([;,])")
_NUMBER = rb"(-?\d{1,9}(?:\.\d{1,6})?)"  # both codecs read it to the same float
_LETTER = rb"([A-Za-z])"
_ANYTHING = rb"[^;,]*"
_FACTORS = FACTORS[PROFILE]
#: such keys carry flags apart from their values
_LOOSE = frozenset({"FLAG", *_FACTORS})


class Layout(msgspec.Struct):
    """One shape. `match` gives numbers and flag letters in the order sent; where they belong:

    fields[i] of the number groups[i]; flagged[i] is the field whose letter is groups[letters[i]].
    """

    pattern: re.Pattern[bytes]
    numbers: tuple[int, ...]
    fields: tuple[int, ...]
    letters: tuple[int, ...]
    flagged: tuple[int, ...]


@lru_cache(maxsize=1024)
def _role(key: bytes) -> tuple[int, bool] | None:
    """(field, is a flag) of an item's key, None for a foreign one. Raises ValueError for one only the plain codec reads."""
    name, _, sub = key.decode("ascii").upper().partition("-")
    if len(key) > LONGEST_KEY or (not sub and name in _LOOSE):
        raise ValueError(key)
    field = _FACTORS.get(name)
    if field is None or sub not in (*VALUE_NAMES, "FLAG"):
        return None
    return PROFILES[PROFILE].index(field), sub == "FLAG"


class Layouts:
    """The shapes learnt so far; bounded."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._known: dict[bytes, Layout] = {}

    def learn(self, area: bytes) -> Layout | None:
        """The shape of an ASCII data area behind its DataTime; None when it is not plain or there is no room for another."""
        try:
            pattern, roles = _shape(area)
        except ValueError:
            return None
        known = self._known.get(pattern)
        if known is None and len(self._known) < self.most:
            known = self._known[pattern] = _layout(pattern, roles)
        return known


def _shape(area: bytes) -> tuple[bytes, list[tuple[int, bool]]]:
    """(pattern, what its groups are). Raises ValueError: a field twice, loose flags, an item without a value, no number at all."""
    parts: list[bytes] = []
    roles: list[tuple[int, bool]] = []
    for item in _SEPARATOR.split(area):
        if item in (b"", b";", b","):
            parts.append(item)
            continue
        key, equals, _ = item.partition(b"=")
        if not equals:
            raise ValueError(item)
        role = _role(key)
        parts += [re.escape(key), b"=", _ANYTHING if role is None else _LETTER if role[1] else _NUMBER]
        if role is not None:
            roles.append(role)
    if len(set(roles)) < len(roles) or all(is_flag for _, is_flag in roles):
        raise ValueError(area)
    return b"".join(parts), roles


def _layout(pattern: bytes, roles: list[tuple[int, bool]]) -> Layout:
    numbers = tuple(i for i, (_, is_flag) in enumerate(roles) if not is_flag)
    letters = tuple(i for i, (_, is_flag) in enumerate(roles) if is_flag)
    return Layout(
        re.compile(pattern),
        numbers,
        tuple(roles[i][0] for i in numbers),
        letters,
        tuple(roles[i][0] for i in letters),
    )
