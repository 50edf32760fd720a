"""Days past their term leave the sample tables for Parquet files, one at a time, safe against a crash at every step.

1. The day's partition is detached and renamed, in one transaction with its line in `telemetry.archived_day`. From then on nothing
   changes it: rows that still come for that day go into a new partition, which leaves later as a further part.
2. The file is written beside its place, flushed, renamed, and read back row by row.
3. Only then the table is dropped, in one transaction with the line's new state.

Whatever stopped half-way is found by its line and goes on; readers find the rows at every moment (`past`).
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import psycopg
from psycopg import sql

from siteloop.gateway.binary import copied
from siteloop.gateway.history.archive_store import ArchiveStore
from siteloop.gateway.history.past import Part
from siteloop.kernel import archived
from siteloop.kernel.archived import Digest, Writing
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import SHANGHAI

log = logging.getLogger("siteloop.archive")
LOCK = 5_720_231  # one archiver at a time
LOCK_WAIT = "2s"  # rows that arrive must not queue behind us for longer


class Unlike(RuntimeError):
    """A file read back says something else than the table it was written from; the table stays."""


class Written(msgspec.Struct, frozen=True):
    """A part's file, read back and found right."""

    path: str
    rows: int
    bytes: int
    sha256: str


class Report(msgspec.Struct):
    """What a run did."""

    days: list[str] = []
    rows: int = 0
    bytes: int = 0
    waiting: list[str] = []  # days that stay for now, each with its reason
    raw_days: int = 0
    raw_chunks: int = 0


class Archiver:
    """Works on a connection of the role siteloop_fast in autocommit."""

    def __init__(self, connection: psycopg.Connection[Any], store: ArchiveStore) -> None:
        self.connection, self.store = connection, store

    def run(
        self, terms: Mapping[str, int], today: dt.date, tell: Callable[[str], None] = lambda words: None
    ) -> Report:
        """Finish what was begun, then every day past its term, the oldest first. `terms`: profile -> days rows stay."""
        report = Report()
        if self.connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
            report.waiting.append("另一个归档任务正在运行")
            return report
        try:
            for part in self.begun():
                self._finish(part, report, tell)
            for profile, day in self.due(terms, today):
                wait, part_or_none = self.detach(profile, day)
                if wait:
                    report.waiting.append(f"{profile} {day}：{wait}")
                elif part_or_none is not None:
                    self._finish(part_or_none, report, tell)
        finally:
            self.connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        return report

    def _finish(self, part: Part, report: Report, tell: Callable[[str], None]) -> None:
        written = self.write(part)
        self.drop(part, written)
        report.days.append(f"{part.profile} {part.day}")
        report.rows += written.rows
        report.bytes += written.bytes
        tell(f"{part.profile} {part.day}：{written.rows:,} 行，{written.bytes:,} 字节 → {written.path}")

    def begun(self) -> list[Part]:
        """Parts whose table stands alone: an earlier run ended there."""
        found = self.connection.execute(
            "SELECT profile, day, part, state, path FROM telemetry.archived_day WHERE state = 'leaving' ORDER BY day, profile"
        ).fetchall()
        return [Part(*row) for row in found]

    def due(self, terms: Mapping[str, int], today: dt.date) -> list[tuple[str, dt.date]]:
        """Day partitions past their term; a day stays whole until its last moment is `terms` days old."""
        found = []
        for profile, days in terms.items():
            if profile not in PROFILES:
                continue
            for (name,) in self.connection.execute(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass"
                " AND c.relname ~ %s ORDER BY 1",
                [f"telemetry.{profile}", f"^{profile}_[0-9]{{8}}$"],
            ).fetchall():
                day = dt.datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=dt.UTC).date()
                if day + dt.timedelta(days=1 + days) <= today:
                    found.append((day, profile))
        return [(profile, day) for day, profile in sorted(found)]

    def detach(self, profile: str, day: dt.date) -> tuple[str, Part | None]:
        """Step 1. (why it has to wait, nothing) or ("", the part); ("", None) when there was nothing to keep."""
        partition = f"{profile}_{day:%Y%m%d}"
        names = {
            "parent": sql.Identifier("telemetry", profile),
            "day": sql.Identifier("telemetry", partition),
        }
        try:
            with self.connection.transaction():
                self.connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_WAIT)))
                self.connection.execute(
                    sql.SQL("LOCK TABLE {parent} IN ACCESS EXCLUSIVE MODE").format(**names)
                )
                if self._ask("SELECT to_regclass(%s)", f"telemetry.{partition}") is None:
                    return "", None
                if not self._ask_sql(sql.SQL("SELECT EXISTS (SELECT FROM {day})").format(**names)):
                    self.connection.execute(sql.SQL("DROP TABLE {day}").format(**names))
                    return "", None
                wait = self._why_not(profile, day)
                if wait:
                    return wait, None
                return "", self._set_apart(profile, day, names)
        except psycopg.errors.LockNotAvailable:
            return "表正忙，下次再试", None

    def _why_not(self, profile: str, day: dt.date) -> str:
        """What has to be made of the rows is made while they are here."""
        end = dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(days=1)
        if (
            self._ask("SELECT min(until) >= %s FROM telemetry.rolled WHERE profile = %s", end, profile)
            is not True
        ):
            return "汇总尚未完成"
        dirty = "SELECT EXISTS (SELECT FROM telemetry.dirty WHERE profile = %s AND at >= %s AND at < %s)"
        if self._ask(dirty, profile, end - dt.timedelta(days=1), end):
            return "迟到数据尚待重新汇总"
        leaving = "SELECT EXISTS (SELECT FROM telemetry.archived_day WHERE profile = %s AND day = %s AND state = 'leaving')"
        return "上一部分尚未写完" if self._ask(leaving, profile, day) else ""

    def _set_apart(self, profile: str, day: dt.date, names: dict[str, sql.Identifier]) -> Part:
        number = self._ask(
            "SELECT coalesce(max(part), 0) + 1 FROM telemetry.archived_day WHERE profile = %s AND day = %s",
            profile,
            day,
        )
        part = Part(profile, day, int(number), "leaving", archived.name_of(profile, day, int(number)))
        alone = sql.Identifier("telemetry", part.table)
        self.connection.execute(sql.SQL("ALTER TABLE {parent} DETACH PARTITION {day}").format(**names))
        self.connection.execute(
            sql.SQL("ALTER TABLE {day} RENAME TO {alone}").format(**names, alone=sql.Identifier(part.table))
        )
        self.connection.execute(sql.SQL("GRANT SELECT ON {} TO siteloop_web").format(alone))
        self.connection.execute(
            "INSERT INTO telemetry.archived_day (profile, day, part, path) VALUES (%s, %s, %s, %s)",
            [profile, day, part.part, part.path],
        )
        return part

    def write(self, part: Part) -> Written:
        """Step 2; may be repeated. Raises OSError (disk full), Unlike."""
        profile = PROFILES[part.profile]
        select = copied.query(profile, part.table, *part.bounds) + sql.SQL(" ORDER BY device, at")
        digest = Digest()

        def fill(target: BinaryIO) -> None:
            nonlocal digest
            writing = Writing(target, profile)
            for piece in copied.pieces(self.connection, profile, select):
                writing.add(piece)
            writing.close()
            digest = writing.digest

        size, sha256 = self.store.put(part.path, fill)
        again = Digest()
        with self.store.open(part.path) as file:
            for group in archived.groups_of(file, profile):
                again.add(group)
        n = self._ask_sql(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("telemetry", part.table)))
        if again.value != digest.value or again.rows != n:
            raise Unlike(f"{part.path}: {again.rows} rows read back, {n} in {part.table}")
        return Written(part.path, again.rows, size, sha256)

    def drop(self, part: Part, written: Written) -> None:
        """Step 3."""
        with self.connection.transaction():
            self.connection.execute(
                "UPDATE telemetry.archived_day SET state = 'archived', path = %s, rows = %s, bytes = %s, sha256 = %s,"
                " archived_at = now() WHERE profile = %s AND day = %s AND part = %s AND state = 'leaving'",
                [
                    written.path,
                    written.rows,
                    written.bytes,
                    written.sha256,
                    part.profile,
                    part.day,
                    part.part,
                ],
            )
            self.connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("telemetry", part.table)))

    def _ask(self, question: str, *values: Any) -> Any:
        row = self.connection.execute(question, values).fetchone()
        return row[0] if row else None

    def _ask_sql(self, question: sql.Composed) -> Any:
        row = self.connection.execute(question).fetchone()
        return row[0] if row else None


def remove_raw(
    connection: psycopg.Connection[Any], folder: Path, days: int, now: dt.datetime
) -> tuple[int, int]:
    """Raw frames received more than `days` whole local days ago: first their lines, then their files.

    (days removed, chunks removed). A file without lines is never looked for, and goes with the next run.
    """
    first_kept = now.astimezone(SHANGHAI).date() - dt.timedelta(days=days)
    midnight = dt.datetime.combine(first_kept, dt.time(), SHANGHAI)
    chunks = connection.execute(
        "DELETE FROM telemetry.raw_chunk WHERE received_to < %s + interval '1 day' AND left(file, 8) < %s",
        [midnight, f"{first_kept:%Y%m%d}"],
    ).rowcount
    gone = 0
    for path in sorted(folder.glob("[0-9]" * 8)):
        if path.name < f"{first_kept:%Y%m%d}":
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
            gone += 1
    return gone, chunks
