"""Explanation: what a message says and which check it does not pass, for people. Made by re-parsing; changes nothing."""

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One check of a message. `ok` is None where an earlier failure leaves nothing to check."""

    code: str
    title: str
    title_en: str
    ok: bool | None
    expected: str = ""
    found: str = ""


class Item(msgspec.Struct, frozen=True):
    """One key of the message with its text, and the quantity of the profile it fills ("" for none)."""

    key: str
    text: str
    field: str = ""


class Value(msgspec.Struct, frozen=True):
    """One value as it would be stored: in the profile's unit, with its `kernel.quality.Quality`."""

    field: str
    value: float | None
    quality: int


class Explanation(msgspec.Struct, frozen=True):
    """All of it. `reason` is a `kernel.reasons` code, "" when the message would be taken in today."""

    checks: tuple[Check, ...]
    items: tuple[Item, ...] = ()
    profile: str = ""
    device_code: str = ""
    at_us: int | None = None
    kind: int = 0
    values: tuple[Value, ...] = ()
    reason: str = ""
    detail: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether it would be taken in today."""
        return not self.reason
