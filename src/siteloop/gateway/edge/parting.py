"""Parting: one block of an edge as blocks of the centre's partitions."""

import zlib

import msgspec
import numpy as np

from siteloop.kernel import block as blocks
from siteloop.kernel.block import Block, Columns
from siteloop.kernel.placement import Placement


def parted(block: Block, placement: Placement) -> list[tuple[int, Block]]:
    """(partition, block): the block itself where all its rows share a partition, else parts whose ids come from its id.

    What belongs to no row goes with the first part. Raises ValueError for a damaged block.
    """
    if not block.rows:
        return [(0, block)]
    columns = blocks.columns(block)
    places = placement.of(columns.device)
    found = np.unique(places).tolist()
    if len(found) == 1:
        return [(found[0], block)]
    text = zlib.decompress(block.raw) if block.raw else b""
    cuts = np.frombuffer(block.raw_offsets, "<i4").tolist()
    parts: list[tuple[int, Block]] = []
    for place in found:
        index = np.flatnonzero(places == place)
        part = blocks.pack(
            listener=block.listener,
            profile=block.profile,
            columns=Columns(
                columns.device[index],
                columns.at[index],
                columns.received_at[index],
                columns.values[:, index],
                columns.quality[:, index],
                columns.kind[index],
            ),
            raw=[text[cuts[i] : cuts[i + 1]] for i in index.tolist()] if cuts else None,
            rejects=() if parts else block.rejects,
            control=0 if parts else block.control,
            flagged=0 if parts else block.flagged,
        )
        parts.append((place, msgspec.structs.replace(part, id=f"{block.id}-{place}")))
    return parts
