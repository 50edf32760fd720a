"""Where a sensor is asked, when it is asked again, and its answers as bytes that can be read once more."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND
from siteloop.protocols.modbus.map import RegisterMap, Request, Table, reading
from siteloop.protocols.rows import NoReading, Reading

PORT = 502
LONGEST_PAUSE = 600 * SECOND
_ADDRESS = re.compile(r"([A-Za-z0-9.\-]+)(?::(\d{1,5}))?(?:/(\d{1,3}))?")

Answers = Mapping[Request, Sequence[int] | None]


def place(text: str) -> tuple[str, int, int | None]:
    """(host, port, unit or None for the map's own) of `host[:port][/unit]`. Raises ValueError."""
    found = _ADDRESS.fullmatch(text)
    port = int(found[2] or PORT) if found else 0
    unit = int(found[3]) if found and found[3] else None
    if found is None or not 1 <= port <= 65_535 or (unit is not None and unit > 247):
        raise ValueError(f"轮询地址应为 主机[:端口][/站号]：{text}")
    return found[1], port, unit


def pause(interval: int, failures: int) -> int:
    """µs until a sensor is asked again: its interval, doubled with every silence, ten minutes at most."""
    if not failures:
        return interval
    return max(interval, min(interval << min(failures, 10), LONGEST_PAUSE))


class _Said(msgspec.Struct, array_like=True, frozen=True):
    table: Table
    register: int
    registers: list[int] | None


def kept(answers: Answers) -> bytes:
    """The answers as they are archived: [["holding", 0, [80, 12]], …], null for a request without an answer."""
    said = [_Said(r.table, r.register, None if a is None else list(a)) for r, a in answers.items()]
    return msgspec.json.encode(said)


def reread(found: RegisterMap, raw: bytes, at: int, scale: Mapping[str, float]) -> Reading:
    """The row of archived answers by today's map. Raises NoReading."""
    try:
        said = msgspec.json.decode(raw, type=list[_Said])
    except (msgspec.DecodeError, msgspec.ValidationError) as wrong:
        raise NoReading(Reason.MALFORMED, f"no Modbus answers: {wrong}") from wrong
    answers = {Request(s.table, s.register, len(s.registers or ())): s.registers for s in said}
    return reading(found, answers, at, scale)
