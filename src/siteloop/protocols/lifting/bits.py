"""The vendors' bit tables, read from bits.toml; disputed bits count only where a device's quirk says so."""

import tomllib
from collections.abc import Collection
from enum import IntEnum
from functools import cache, lru_cache
from importlib import resources
from typing import Any, TypeVar

from siteloop.kernel.lifting import mask

E = TypeVar("E", bound=IntEnum)
NONE: frozenset[str] = frozenset()


@cache
def tables() -> dict[str, dict[str, Any]]:
    """bits.toml."""
    return tomllib.loads(resources.files(__package__).joinpath("bits.toml").read_text("utf-8"))


@cache
def _bits(table: str, quirks: frozenset[str]) -> tuple[tuple[int, str], ...]:
    entry = tables()[table]
    named: dict[str, str] = dict(entry.get("bits", {}))
    for quirk, disputed in entry.get("disputed", {}).items():
        if quirk in quirks:
            named |= disputed
    return tuple((int(bit), name) for bit, name in named.items())


@cache
def quirks() -> frozenset[str]:
    """Names of all settings that decide a disputed bit."""
    return frozenset(q for entry in tables().values() for q in entry.get("disputed", {}))


def translate(word: int, table: str, kind: type[E], allowed: Collection[str] = ()) -> int:
    """A vendor's word as our word; bits that no table knows are dropped. `allowed` are the device's quirks."""
    return _translate(word, table, kind, frozenset(allowed) & quirks() if allowed else NONE) if word else 0


@lru_cache(maxsize=4096)
def _translate(word: int, table: str, kind: type[IntEnum], allowed: frozenset[str]) -> int:
    return mask(*(kind[name] for bit, name in _bits(table, allowed) if word >> bit & 1))


def untranslate(word: int, table: str, kind: type[E], allowed: Collection[str] = ()) -> int:
    """Our word as the vendor's (for simulators)."""
    known = _bits(table, frozenset(allowed) & quirks())
    return sum(1 << bit for bit, name in known if word >> kind[name] & 1)


def of_code(code: int, table: str, kind: type[E]) -> int:
    """Our word for a vendor's code, 0 for one the table does not know."""
    name = tables()[table]["codes"].get(str(code))
    return mask(kind[name]) if name else 0


def of_pairs(word: int, table: str, kind: type[E]) -> tuple[int, int]:
    """(warnings, alarms) of a word with two bits a subject: 1 warning, 2 alarm; single bits are alarms."""
    warnings, alarms = 0, translate(word, table, kind)
    for low, name in tables()[table]["pairs"].items():
        level = word >> int(low) & 3
        warnings |= mask(kind[name]) if level == 1 else 0
        alarms |= mask(kind[name]) if level >= 2 else 0
    return warnings, alarms
