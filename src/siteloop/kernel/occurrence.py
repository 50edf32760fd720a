"""Occurrence: one event of a camera or a gate, as it crosses the bus. Pictures are named by their hash, never carried.

A person's name and card number are masked before they come here: who passed is told by the number the person has on the gate.
Contract: fields are only added, each with a default.
"""

import msgspec


class Kept(msgspec.Struct, frozen=True):
    """A picture that lies in the picture folder under its SHA-256."""

    sha256: str
    content_type: str
    size: int


class Occurrence(msgspec.Struct, frozen=True):
    """`kind` is ours (protocols.events), `code` the maker's own word. Times in µs."""

    device: int
    at: int
    received_at: int
    maker: str
    kind: str
    code: str
    channel: int = 0
    state: str = ""
    description: str = ""
    serial: str = ""
    is_replay: bool = False
    region: str = "[]"  # JSON: polygons in parts of the picture
    person: str = ""  # the number the person has on the gate
    person_name: str = ""  # masked
    card: str = ""  # masked
    direction: str = ""
    means: str = ""
    accepted: bool | None = None
    door: int = 0
    plate: str = ""
    plate_colour: str = ""
    pictures: tuple[Kept, ...] = ()


def masked(text: str, head: int = 1, tail: int = 0) -> str:
    """The first and the last signs of a text; what is as short as they are is hidden whole."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + (text[-tail:] if tail else "")
