"""Batch: what the blocks of one transaction come to, before any of it is written."""

import datetime as dt
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siteloop.gateway import opening
from siteloop.gateway.opening import Opened
from siteloop.gateway.raw.archive import Chunk, RawArchive
from siteloop.gateway.rollups.rolling import Plan, Rolling
from siteloop.gateway.storing.tally import Tally, day_of
from siteloop.kernel.block import Block, Columns
from siteloop.kernel.occurrence import Occurrence
from siteloop.kernel.profiles import Profile
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import from_us

log = logging.getLogger("siteloop.sink")


@dataclass
class Batch:
    """Blocks that go into one transaction."""

    seq: int = 0
    rows: int = 0
    parts: dict[str, list[tuple[str, Columns]]] = field(
        default_factory=dict
    )  # profile -> (listener, columns)
    tally: Tally = field(default_factory=Tally)
    quarantine: list[tuple[Any, ...]] = field(default_factory=list)
    chunks: list[tuple[str, str, int, int, Chunk]] = field(default_factory=list)
    latest: list[tuple[Profile, Columns]] = field(
        default_factory=list
    )  # the newest real-time row of each device
    partitions: set[tuple[str, dt.date]] = field(default_factory=set)  # made in this transaction
    events: list[tuple[str, Occurrence]] = field(default_factory=list)  # (listener, event)
    rolled: list[tuple[Rolling, Plan]] = field(default_factory=list)
    put_aside: int = 0

    def received(self) -> NDArray[np.int64]:
        """When its readings and events were received, µs."""
        rows = [columns.received_at for parts in self.parts.values() for _, columns in parts]
        return np.concatenate([*rows, np.array([event.received_at for _, event in self.events], np.int64)])

    def put_away(self, one: Opened, folder: Path) -> None:
        """Keep a block that cannot be stored as a file, say so in the quarantine, count its messages as rejected. Raises OSError."""
        now = time.time_ns() // 1000
        name = opening.keep_aside(folder, one)
        reason = Reason.DAMAGED_BLOCK.value
        log.error("block %d is put aside as %s: %s", one.seq, name, one.wrong)
        self.tally.reject(day_of(now), "bus", 0, reason, one.messages)
        detail = f"{one.wrong} (put_aside/{name}, {len(one.data)} bytes)".replace("\0", "�")
        self.quarantine.append((from_us(now), "bus", 0, "", "", reason, detail, one.data[:4096]))
        self.put_aside += 1

    def take(self, block: Block, columns: Columns | None, archive: RawArchive) -> None:
        """A block's rows, events, refused messages and counts; its raw frames go to the archive. Raises OSError."""
        received = 0
        if columns is not None:
            received = int(columns.received_at[-1])
            self.rows += block.rows
            self.parts.setdefault(block.profile, []).append((block.listener, columns))
            chunk = archive.append(block, received)
            if chunk is not None:
                first = int(columns.received_at[0])
                self.chunks.append((block.profile, block.listener, first, received, chunk))
        for event in block.events:
            key = (day_of(event.received_at), block.listener, event.device)
            self.tally.received[key] += 1
            self.tally.stored[key] += 1
            self.events.append((block.listener, event))
            received = received or event.received_at
        for r in block.rejects:
            self.tally.reject(day_of(r.received_at), block.listener, r.device, r.reason)
            received = received or r.received_at
            if r.reason == Reason.DUPLICATE.value:
                continue  # there is nothing to look at: what it says is stored. In a storm of re-sends there are millions
            who = (block.listener, r.device, r.device_code, r.peer)
            self.quarantine.append((from_us(r.received_at), *who, r.reason, r.detail, r.raw))
        if block.control:
            key = (day_of(received or time.time_ns() // 1000), block.listener, 0)
            self.tally.received[key] += block.control
            self.tally.control[key] += block.control
        if block.flagged:
            self.tally.flagged[day_of(received), block.listener, 0] += block.flagged


def gathered(opened: list[Opened], archive: RawArchive, aside: Path) -> Batch:
    """All of some blocks; `aside` is the folder for what cannot be stored. The raw frames are on disk. Raises OSError."""
    batch = Batch()
    for one in opened:
        batch.seq = one.seq
        if one.block is None or one.wrong:
            batch.put_away(one, aside)
        else:
            batch.take(one.block, one.columns, archive)
    if batch.chunks:
        archive.sync()
    return batch
