"""Tally: what one transaction adds to the intake ledger. received = stored + control + sum(rejected), always."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from siteloop.gateway.binary.arrays import Int4s, Int8s
from siteloop.kernel.block import Columns
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import OFFSET

DAY_US = 86_400_000_000
Key = tuple[int, str, int]  # local day since 1970, listener, device


def day_of(us: int) -> int:
    """Local day as a number since 1970."""
    return (us + OFFSET) // DAY_US


@dataclass
class Tally:
    """Counts by (day, listener, device)."""

    received: Counter[Key] = field(default_factory=Counter)
    stored: Counter[Key] = field(default_factory=Counter)
    control: Counter[Key] = field(default_factory=Counter)
    flagged: Counter[Key] = field(default_factory=Counter)
    rejected: Counter[tuple[int, str, int, str]] = field(default_factory=Counter)

    def rows(self, names: Sequence[str], listener: NDArray[np.int64], columns: Columns) -> None:
        """Received rows; `listener` is each row's place in `names`. They count as stored until found to be duplicates."""
        days = (columns.received_at + OFFSET) // DAY_US
        first = int(days.min())
        keys = ((days - first) * len(names) + listener) << 32 | columns.device
        found, counts = np.unique(keys, return_counts=True)
        for key, n in zip(found.tolist(), counts.tolist(), strict=True):
            day, which = divmod(key >> 32, len(names))
            named = first + day, names[which], key & 0xFFFF_FFFF
            self.received[named] += n
            self.stored[named] += n

    def reject(self, day: int, listener: str, device: int, reason: str, n: int = 1) -> None:
        """Refused messages."""
        self.received[day, listener, device] += n
        self.rejected[day, listener, device, reason] += n

    def duplicate(self, day: int, listener: str, device: int) -> None:
        """A row turned out to be there already."""
        self.stored[day, listener, device] -= 1
        self.rejected[day, listener, device, Reason.DUPLICATE.value] += 1

    async def write(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        """Add to the ledger's tables."""
        keys = sorted(set(self.received) | set(self.flagged))
        if keys:
            listeners = sorted({name for _, name, _ in keys})
            await connection.execute(
                "INSERT INTO fast.ledger AS l (day, listener, device, received, stored, control, flagged)"
                " SELECT date '1970-01-01' + d, (%s::text[])[n], v, r, s, c, f FROM unnest(%s::int[], %s::int[], %s::int[],"
                " %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS t (d, n, v, r, s, c, f) ON CONFLICT (day, listener, device)"
                " DO UPDATE SET received = l.received + excluded.received, stored = l.stored + excluded.stored,"
                " control = l.control + excluded.control, flagged = l.flagged + excluded.flagged",
                [
                    listeners,
                    Int4s([day for day, _, _ in keys]),
                    Int4s([listeners.index(name) + 1 for _, name, _ in keys]),
                    Int4s([device for _, _, device in keys]),
                    *(
                        Int8s([count[k] for k in keys])
                        for count in (self.received, self.stored, self.control, self.flagged)
                    ),
                ],
            )
        rejected = sorted(self.rejected.items())
        if rejected:
            await connection.execute(
                "INSERT INTO fast.ledger_rejected AS l (day, listener, device, reason, n)"
                " SELECT date '1970-01-01' + d, n, v, r, c FROM unnest(%s::int[], %s::text[], %s::int[], %s::text[], %s::bigint[])"
                " AS t (d, n, v, r, c) ON CONFLICT (day, listener, device, reason) DO UPDATE SET n = l.n + excluded.n",
                [[k[i] for k, _ in rejected] for i in range(4)] + [[n for _, n in rejected]],
            )
