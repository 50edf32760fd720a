"""What an edge and its centre say to each other, over `siteloop.edge.<name>.<what>`; msgpack.

edge → centre: `registry` (Ask, answered by Snapshot) · `hello` (Hello, answered b"") · `report` (Report, answered b"") ·
`fetch` (Fetch, answered by a list of Order). centre → edge: `order` (Order).
"""

from typing import Any

import msgspec

from siteloop.kernel.registry import Registry

SILENT_S = 12.0  # an edge that says no hello for so long is not connected


def subject(edge: str, what: str) -> str:
    """Where it is said."""
    return f"siteloop.edge.{edge}.{what}"


class Ask(msgspec.Struct, frozen=True):
    """Is there something newer than this?"""

    version: int
    partitions: int


class Snapshot(msgspec.Struct, frozen=True):
    """The edge's own devices, and which partition of the centre's stream each goes through. No registry: nothing newer."""

    partitions: int
    places: dict[int, int]
    registry: Registry | None = None


class Hello(msgspec.Struct, frozen=True):
    """Every few seconds: who is connected or was heard (device -> peer), and what waits to be forwarded."""

    connected: dict[int, str]
    heard: dict[int, str]
    blocks: int = 0
    bytes: int = 0
    oldest: float = 0.0  # when the oldest of it was received, seconds since the epoch; 0 = nothing waits


class Order(msgspec.Struct, frozen=True):
    """A command for a device of the edge."""

    id: str
    device: int
    command: str
    args: dict[str, Any]
    expires_at: float  # seconds since the epoch


class Report(msgspec.Struct, frozen=True):
    """How a command fares."""

    id: str
    state: str
    result: dict[str, Any]
    devices: list[int] = []  # when given, the command is one of theirs


class Fetch(msgspec.Struct, frozen=True):
    """A device without a connection asks for its commands."""

    device: int


encode = msgspec.msgpack.Encoder().encode
ask = msgspec.msgpack.Decoder(Ask).decode
snapshot = msgspec.msgpack.Decoder(Snapshot).decode
hello = msgspec.msgpack.Decoder(Hello).decode
order = msgspec.msgpack.Decoder(Order).decode
orders = msgspec.msgpack.Decoder(list[Order]).decode
report = msgspec.msgpack.Decoder(Report).decode
fetch = msgspec.msgpack.Decoder(Fetch).decode
