"""Opening: bytes from the bus become a block whose every part fits, or are put aside. Nothing behind has to check again.

Sink and judge ask the same question, so both leave out the same blocks and the stream goes on.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Columns, Kind
from siteloop.kernel.profiles import PROFILES

EARLIEST, LATEST = 0, 7_258_118_400_000_000  # µs: 1970 to 2200
LARGEST_NUMBER = 2**31 - 1


class Damaged(ValueError):
    """These bytes are no block that can be stored; the message says why."""


@dataclass
class Opened:
    """One block of the stream."""

    seq: int
    data: bytes
    block: Block | None = None
    columns: Columns | None = None  # of a block with rows
    wrong: str = ""  # why it is put aside; then there is no block

    @property
    def messages(self) -> int:
        """How many messages it stands for in the ledger; at least one when that cannot be known."""
        return max(1, self.block.received) if self.block is not None else 1


def open_block(seq: int, data: bytes) -> Opened:
    """The block with its columns, or `wrong` filled."""
    try:
        block = blocks.decode(data)
        return Opened(seq, data, block, _columns(block))
    except (msgspec.MsgspecError, ValueError) as wrong:  # ValueError: also text that is no UTF-8
        return Opened(seq, data, wrong=str(wrong)[:300])


def _columns(block: Block) -> Columns | None:
    """Raises Damaged when the parts do not belong together."""
    if min(block.rows, block.control, block.flagged) < 0:
        raise Damaged("a negative count")
    _check_texts(block)
    if not block.rows:
        return None
    profile = PROFILES.get(block.profile)
    if profile is None:
        raise Damaged(f"unknown profile {block.profile[:40]!r}")
    n, f = block.rows, len(profile.fields)
    parts = (block.device, block.at, block.received_at, block.values, block.quality, block.kind)
    for part, size in zip(parts, (4 * n, 8 * n, 8 * n, 4 * n * f, n * f, n), strict=True):
        if len(part) != size:
            raise Damaged(f"{len(part)} bytes of a column that must have {size}")
    if block.raw and len(block.raw_offsets) != 4 * (n + 1):
        raise Damaged("raw frames and rows do not match")
    columns = blocks.columns(block)
    _check_values(columns)
    return columns


def _check_texts(block: Block) -> None:
    """What no text or time column can hold."""
    if "\0" in block.listener:
        raise Damaged("a listener's name with a NUL")
    for event in block.events:
        times = EARLIEST < event.at < LATEST and EARLIEST < event.received_at < LATEST
        if not times or not 0 < event.device <= LARGEST_NUMBER:
            raise Damaged("an event with an impossible time or device")
    for reject in block.rejects:
        if not EARLIEST < reject.received_at < LATEST or not 0 <= reject.device <= LARGEST_NUMBER:
            raise Damaged("a refused message with an impossible time or device")
        if "\0" in reject.detail + reject.device_code + reject.peer + reject.reason:
            raise Damaged("a refused message with a NUL in its text")


def _check_values(columns: Columns) -> None:
    for times in (columns.at, columns.received_at):
        if times.min() <= EARLIEST or times.max() >= LATEST:
            raise Damaged("an impossible time")
    if columns.device.min() < 1:
        raise Damaged("an impossible device number")
    if columns.kind.max() > max(Kind) or columns.quality.max() > 15:
        raise Damaged("an unknown kind or quality")


def keep_aside(folder: Path, one: Opened) -> str:
    """Keep a block that cannot be stored as <folder>/<sequence>.block; returns the file's name. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    path = folder / f"{one.seq}.block"
    part = path.with_suffix(".part")
    part.write_bytes(one.data)
    part.replace(path)
    return path.name
