"""What the judges remember, in `fast.judge_state`: a row a detector, and with several partitions a row a detector and slot.

The name says for how many partitions a state was made: `threshold`, `threshold@3/8`, `twin_streams@whole`. The number saved last
counts. A state of one partition holds all devices, so every judge may begin with it when there are more; between any other two
numbers the judges begin anew.
"""

import logging
from dataclasses import dataclass, field

from siteloop.gateway.lease import Connection
from siteloop.rules.detector import Detector

log = logging.getLogger("siteloop.judge")
WHOLE = "whole"


@dataclass
class Kept:
    """States by detector; `is_of_all` when a partition's judge begins with the state of all devices."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    is_of_all: bool = False


def is_whole(kind: type[Detector]) -> bool:
    """Whether a detector compares devices of different sites, and so belongs to the one judge that sees all."""
    return bool(getattr(kind, "whole", False))


def name(partitions: int, slot: int, detector: str) -> str:
    """Name of a detector's row."""
    return "@".join(filter(None, (detector, _maker(partitions, slot))))


def _maker(partitions: int, slot: int) -> str:
    if partitions == 1:
        return ""
    return WHOLE if slot == partitions else f"{slot}/{partitions}"


def _number(maker: str) -> int:
    """For how many partitions: 0 for the whole judge, whose states hold for any number."""
    return 0 if maker == WHOLE else int(maker.partition("/")[2] or 1)


async def load(connection: Connection, partitions: int, slot: int) -> Kept:
    """The states a judge begins with."""
    cursor = await connection.execute("SELECT name, body FROM fast.judge_state ORDER BY saved_at")
    by_maker: dict[str, dict[str, bytes]] = {}
    numbers: list[int] = []  # in the order they were saved
    for full, body in await cursor.fetchall():
        detector, _, maker = full.partition("@")
        by_maker.setdefault(maker, {})[detector] = bytes(body)
        numbers.append(_number(maker))
    made = [n for n in numbers if n]
    newest = made[-1] if made else partitions
    plain, whole = by_maker.get("", {}), by_maker.get(WHOLE, {})
    if slot == partitions > 1:
        return Kept(plain if newest == 1 and plain else whole)
    if newest == partitions:
        own = by_maker.get(_maker(partitions, slot), {})
        if own or set(made) - {1, partitions}:
            return Kept(own)
    elif newest != 1:
        log.warning("the newest states are those of %d partitions: judging begins anew", newest)
        return Kept(whole if partitions == 1 else {})
    return Kept(plain, is_of_all=partitions > 1)
