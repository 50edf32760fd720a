"""Raw frames read again by today's codec: what would differ from what is stored, and, when asked, putting it right.

Whose a frame is was settled when it came; only what it says is read again. Nothing goes over the bus: no rule judges old rows anew.
A row's own frame (the one received when the row was) is believed over what is stored; a frame that came again later may only fill
gaps, as when it came. Where a normal value stands and the own frame says something else that is not normal, a twin may have
brought it: such values are counted as doubtful and left alone, as are stored values the frame no longer shows.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg

from siteloop.gateway.history.archive_store import ArchiveStore
from siteloop.gateway.quarantine.reparse import judge
from siteloop.gateway.raw import archive as raw_archive
from siteloop.gateway.raw import replay_rows
from siteloop.gateway.raw.replay_rows import Change, Key, Row
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel import registry as registries
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import from_us

#: when it came a row's time was judged; a codec that reads another time must be seen, not refused
ANY_TIME = GatewaySettings("", "", Path(), ahead_s=10**9, oldest_s=10**9, oldest_history_s=10**9)
BATCH = 5_000  # frames compared and written at a time
EXAMPLES = 20


class Asked(msgspec.Struct, frozen=True):
    """Frames received in [start, end); "" and 0 stand for all."""

    start: dt.datetime
    end: dt.datetime
    profile: str = ""
    device: int = 0


class Example(msgspec.Struct, frozen=True):
    """One difference; `field` is empty where a whole row differs."""

    act: str
    profile: str
    code: str
    at: int
    field: str = ""
    stored: str = ""
    today: str = ""


class Report(msgspec.Struct):
    """What differs. `changed`, `added`, `moved` count rows; `doubtful`, `missing` values that are left as they are."""

    frames: int = 0
    same: int = 0
    changed: int = 0
    added: int = 0
    moved: int = 0
    doubtful: int = 0
    missing: int = 0
    refused: dict[str, int] = {}
    lost_chunks: int = 0
    fields: dict[str, int] = {}
    examples: list[Example] = []

    @property
    def differing(self) -> int:
        """Rows that would be, or were, changed."""
        return self.changed + self.added + self.moved


class Frame(msgspec.Struct, frozen=True):
    """One kept frame with where and when it came in."""

    raw: bytes
    device: int
    at: int
    listener: str
    received_from: dt.datetime
    received_to: dt.datetime


class Run(msgspec.Struct):
    """An applied replay in the database; `chunk` is the last one done."""

    id: int
    chunk: int
    was_begun: bool


class Replay:
    """Works on a connection of the role siteloop_fast in autocommit."""

    def __init__(
        self, connection: psycopg.Connection[Any], raw: Path, store: ArchiveStore, asked: Asked
    ) -> None:
        self.connection, self.raw, self.store, self.asked = connection, raw, store, asked
        row = connection.execute("SELECT body FROM fast.registry").fetchone()
        known = registries.decode(bytes(row[0])) if row else Registry(0, (), ())
        # identity and admission were settled at the time; the settings that say how to read are today's
        self.devices = {
            d.number: msgspec.structs.replace(d, enabled=True, password="") for d in known.devices
        }
        self.report = Report()

    def compare(self, tell: Callable[[int, int], None] = lambda done, all_: None) -> Report:
        """Only look. `tell` hears (chunks done, chunks altogether)."""
        for _, frames, done, total in self._batches(0):
            self._changes(frames)
            tell(done, total)
        return self.report

    def begin(self, by: str, reason: str) -> Run:
        """A new applied replay, or the unfinished one of the same question: it goes on where it stopped."""
        asked = [self.asked.start, self.asked.end, self.asked.profile, self.asked.device]
        row = self.connection.execute(
            "SELECT id, chunk, counts FROM telemetry.replay WHERE received_from = %s AND received_to = %s AND profile = %s"
            " AND device = %s AND done_at IS NULL ORDER BY id DESC LIMIT 1",
            asked,
        ).fetchone()
        if row is not None:
            self.report = msgspec.convert(row[2], Report)
            return Run(row[0], row[1], True)
        made = self.connection.execute(
            "INSERT INTO telemetry.replay (received_from, received_to, profile, device, by, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            [*asked, by, reason],
        ).fetchone()
        assert made is not None, "INSERT … RETURNING answers"
        return Run(made[0], 0, False)

    def apply(self, run: Run, tell: Callable[[int, int], None] = lambda done, all_: None) -> Report:
        """Write the differences, a batch a transaction: stopping anywhere leaves whole batches, and `begin` finds the way on."""
        for last, frames, done, total in self._batches(run.chunk):
            changes = self._changes(frames)
            with self.connection.transaction():
                replay_rows.write(self.connection, run.id, changes)
                self.connection.execute(
                    "UPDATE telemetry.replay SET chunk = %s, counts = %s WHERE id = %s",
                    [last, msgspec.json.encode(self.report).decode(), run.id],
                )
            tell(done, total)
        self.connection.execute("UPDATE telemetry.replay SET done_at = now() WHERE id = %s", [run.id])
        return self.report

    # ---- frames

    def _batches(self, after: int) -> Iterator[tuple[int, list[Frame], int, int]]:
        """(last chunk, frames, chunks done, chunks altogether), in the order of receipt."""
        chunks = self.connection.execute(
            "SELECT id, listener, received_from, received_to, file, position, size, profile FROM telemetry.raw_chunk"
            " WHERE received_to >= %s AND received_from < %s AND (%s = '' OR profile = %s) ORDER BY id",
            [self.asked.start, self.asked.end, self.asked.profile, self.asked.profile],
        ).fetchall()
        frames: list[tuple[str, Frame]] = []
        for place, (number, listener, since, until, file, position, size, profile) in enumerate(chunks, 1):
            if number <= after:
                continue
            try:
                kept = raw_archive.read_indexed(self.raw, file, position, size)
            except (OSError, ValueError):
                self.report.lost_chunks += 1
                kept = []
            for raw, device, at in kept:
                if device is None or at is None:
                    self._refuse("no_index")
                elif not self.asked.device or device == self.asked.device:
                    frames.append((profile, Frame(raw, device, at, listener, since, until)))
            if len(frames) >= BATCH or place == len(chunks):
                self._profiles = [p for p, _ in frames]
                yield number, [f for _, f in frames], place, len(chunks)
                frames = []

    def _refuse(self, reason: str) -> None:
        self.report.frames += 1
        self.report.refused[reason] = self.report.refused.get(reason, 0) + 1

    # ---- comparing

    def _changes(self, frames: list[Frame]) -> list[Change]:
        """What a batch of frames would change, in order; counts go to the report."""
        read = [
            (frame, said, Key(profile, frame.device, said.kind, frame.at))
            for frame, profile in zip(frames, self._profiles, strict=True)
            if (said := self._read(frame, profile)) is not None
        ]
        wanted = {key for _, _, key in read}
        wanted |= {msgspec.structs.replace(key, at=said.at) for _, said, key in read}
        stored = replay_rows.stored(self.connection, self.store, wanted)
        self._missing(read, stored)
        changes: dict[Key, Change] = {}
        for frame, said, key in read:
            for change in self._compare(frame, said, key, stored):
                known = changes.get(change.key)
                if known is not None:  # the row as it stands in the tables was before the first change
                    change = msgspec.structs.replace(change, before=known.before)
                changes[change.key] = change
        return list(changes.values())

    def _read(self, frame: Frame, profile: str) -> Row | None:
        """What the frame says today; None when it would be refused."""
        device = self.devices.get(frame.device)
        if device is None:
            self._refuse("unknown_device")
            return None

        def whoever(code: str) -> DeviceEntry | None:
            return device

        # a reading without a time of its own got that of its receipt, which is the row's time
        judged = judge(frame.raw, frame.listener, frame.at, whoever, device, ANY_TIME)
        if not judged.rows:
            self._refuse(judged.explanation.reason or "unknown")
            return None
        if (judged.profile or device.profile) != profile:
            self._refuse("other_profile")
            return None
        self.report.frames += 1
        row = judged.rows[0]
        values = np.asarray(row.values, np.float32)
        return Row(row.kind, row.at, frame.received_from, values, np.frombuffer(row.quality, np.uint8))

    def _missing(self, read: list[tuple[Frame, Row, Key]], stored: dict[Key, Row]) -> None:
        """Count values that none of a row's own frames shows any more; one row may have come in several frames."""
        shown: dict[Key, Any] = {}
        for frame, said, key in read:
            here = stored.get(key)
            if here is not None and said.at == key.at and _is_own(frame, here):
                mine = said.quality != Quality.ABSENT
                shown[key] = mine | shown[key] if key in shown else mine
        for key, mine in shown.items():
            self.report.missing += int(np.sum((stored[key].quality != Quality.ABSENT) & ~mine))

    def _compare(self, frame: Frame, said: Row, key: Key, stored: dict[Key, Row]) -> list[Change]:
        here = stored.get(key)
        if said.at != key.at:
            return self._moved(frame, said, key, stored)
        if here is None:
            self._count("added", key)
            stored[key] = said
            return [Change(key, "added", frame.listener, None, said)]
        is_own = _is_own(frame, here)
        after = self._merged(key, here, said, is_own)
        if after is None:
            self.report.same += 1
            return []
        self._count("changed", key)
        stored[key] = after
        return [Change(key, "changed", frame.listener, here, after)]

    def _moved(self, frame: Frame, said: Row, key: Key, stored: dict[Key, Row]) -> list[Change]:
        """Today's time is another one. The row goes there unless one stands there; a later twin moves nothing."""
        here = stored.get(key)
        target = msgspec.structs.replace(key, at=said.at)
        is_own = here is not None and _is_own(frame, here)
        if here is None or not is_own or target in stored:
            self.report.same += 1
            return []
        self._count(
            "moved", key, Example("moved", key.profile, "", key.at, "", _time(key.at), _time(said.at))
        )
        new = msgspec.structs.replace(said, received_at=here.received_at)
        del stored[key]
        stored[target] = new
        return [
            Change(key, "moved", frame.listener, here, None),
            Change(target, "added", frame.listener, None, new),
        ]

    def _merged(self, key: Key, here: Row, said: Row, is_own: bool) -> Row | None:
        """The row as it should stand, None when it does."""
        values, quality = here.values.copy(), here.quality.copy()
        for i, field in enumerate(PROFILES[key.profile].fields):
            old, new = (here.values[i], int(here.quality[i])), (said.values[i], int(said.quality[i]))
            is_alike = bool(old[0] == new[0] or (np.isnan(old[0]) and np.isnan(new[0])))
            if is_alike and old[1] == new[1]:
                continue
            if new[1] == Quality.ABSENT:
                continue
            if is_own and old[1] == 0 and new[1] != 0 and not is_alike:
                self.report.doubtful += 1
                continue
            is_gain = bool(np.isnan(old[0]) and not np.isnan(new[0])) or (old[1] != 0 and new[1] == 0)
            if not is_own and not is_gain:
                continue
            values[i], quality[i] = new
            self.report.fields[field.name] = self.report.fields.get(field.name, 0) + 1
            self._example(
                Example("changed", key.profile, "", key.at, field.name, _shown(*old), _shown(*new)), key
            )
        if np.array_equal(values, here.values, equal_nan=True) and np.array_equal(quality, here.quality):
            return None
        return Row(here.kind, here.at, here.received_at, values, quality)

    def _count(self, act: str, key: Key, example: Example | None = None) -> None:
        setattr(self.report, act, getattr(self.report, act) + 1)
        if example is not None or act == "added":
            self._example(example or Example(act, key.profile, "", key.at), key)

    def _example(self, example: Example, key: Key) -> None:
        if len(self.report.examples) < EXAMPLES:
            device = self.devices.get(key.device)
            code = device.code if device else str(key.device)
            self.report.examples.append(msgspec.structs.replace(example, code=code))


def _is_own(frame: Frame, row: Row) -> bool:
    """Whether the row may have been made from this frame: it was received with it."""
    return frame.received_from <= row.received_at <= frame.received_to


def _shown(value: Any, quality: int) -> str:
    number = "—" if np.isnan(value) else f"{value:g}"
    return number if quality == 0 else f"{number} [{Quality(quality).name.lower()}]"


def _time(at: int) -> str:
    return from_us(at).isoformat()
