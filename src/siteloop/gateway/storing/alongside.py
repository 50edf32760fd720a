"""What is written in the same transaction as the rows: events, newest values, ledger and quarantine."""

from siteloop.gateway.binary import copying
from siteloop.gateway.binary.arrays import Float4s, Int4s, Int8s
from siteloop.gateway.lease import Connection
from siteloop.gateway.storing import occurrences
from siteloop.gateway.storing.batch import Batch
from siteloop.gateway.storing.tally import day_of
from siteloop.kernel.times import from_us


async def write_events(connection: Connection, batch: Batch) -> None:
    """Events of cameras and gates; one that is there already counts as a duplicate."""
    if not batch.events:
        return
    new = await occurrences.insert(connection, [event for _, event in batch.events])
    for (listener, event), is_new in zip(batch.events, new, strict=True):
        if not is_new:
            batch.tally.duplicate(day_of(event.received_at), listener, event.device)


async def write_latest(connection: Connection, batch: Batch) -> None:
    """The newest values of each device, all in one statement."""
    for profile, columns in batch.latest:
        width = len(profile.fields)
        marks = ", ".join(["%s::real[]"] * width)
        names = ", ".join(f"v{i}" for i in range(width))
        values = ", ".join(f"nullif(v{i}, 'NaN')" for i in range(width))
        await connection.execute(
            'INSERT INTO telemetry.latest AS l (device, profile, at, received_at, quality, "values")'  # noqa: S608 - numbered names
            " SELECT d, %s, 'epoch'::timestamptz + a * interval '1 microsecond',"
            f" 'epoch'::timestamptz + r * interval '1 microsecond', q, ARRAY[{values}]::real[]"
            f" FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], {marks}) AS t (d, a, r, q, {names})"
            " ON CONFLICT (device) DO UPDATE SET profile = excluded.profile, at = excluded.at,"
            ' received_at = excluded.received_at, quality = excluded.quality, "values" = excluded."values"'
            " WHERE excluded.at >= l.at",
            [
                profile.code,
                Int4s(columns.device),
                Int8s(columns.at),
                Int8s(columns.received_at),
                Int8s(copying.pack_quality(columns.quality)),
                *map(Float4s, columns.values),
            ],
        )


async def write_ledger(connection: Connection, batch: Batch) -> None:
    """Counts, quarantine, and where the raw frames lie."""
    await batch.tally.write(connection)
    if batch.quarantine:
        await connection.cursor().executemany(
            "INSERT INTO fast.quarantine (received_at, listener, device, device_code, peer, reason, detail, raw)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            batch.quarantine,
        )
    if batch.chunks:
        await connection.execute(
            "INSERT INTO telemetry.raw_chunk (profile, listener, received_from, received_to, file, position, size, frames)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::bigint[],"
            " %s::int[], %s::int[])",
            [
                list(column)
                for column in zip(
                    *(
                        (code, name, from_us(a), from_us(b), k.file, k.position, k.size, k.frames)
                        for code, name, a, b, k in batch.chunks
                    ),
                    strict=True,
                )
            ],
        )
