"""The judge: blocks in order through every detector; findings and commands out, together with its state and position.

Findings are written at once; state and position together, every few seconds. A restart goes on from the saved state and finds
again what was found after it: the same key and time, so writing it once more changes nothing. A command is written only
together with the state, because a second command would be one too many.

With several partitions each has a judge for the detectors that look at one site, and one judge, the whole one, reads all of them
for the detectors that compare devices anywhere (`whole = True`). The partitions have no order among each other: after a restart the
whole judge may find other words for the same, so it writes findings, too, only together with its state.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
import psycopg
from nats.errors import Error as NatsError

from siteloop.gateway import figures, latency, lease
from siteloop.gateway.binary import copying
from siteloop.gateway.bus import Bus, Reader
from siteloop.gateway.gathering import NOTHING
from siteloop.gateway.judging import hearing, judge_states
from siteloop.gateway.judging.judge_states import is_whole
from siteloop.gateway.opening import Opened, open_block
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.latency import Stage
from siteloop.kernel.placement import Placement
from siteloop.kernel.registry import Registry
from siteloop.kernel.times import from_us
from siteloop.rules.detector import Detector, Rulebook, Statement

log = logging.getLogger("siteloop.judge")
SAVE_S = 2.0  # between savings of the state, or longer: saving takes at most a twentieth of the time
TICK_S = 1.0
#: a mistake in a detector, or numbers it did not expect
FAULTS = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError)
#: blocks of one profile are judged together up to so many rows: what a detector costs is the call
MERGED_ROWS = 20_000
NO_ROWS = Block(1, "", "", "", 0)
_encode = msgspec.msgpack.Encoder().encode


class Judge:
    """One judge with those of the detectors that belong to its slot: a partition's, or the whole one behind the last partition."""

    def __init__(
        self,
        settings: GatewaySettings,
        bus: Bus,
        registry: RegistrySource,
        kinds: Sequence[type[Detector]],
        slot: int = 0,
    ) -> None:
        self.settings, self.bus, self.registry, self.slot = settings, bus, registry, slot
        self.is_whole = slot == settings.partitions > 1
        self.consumer = "whole" if self.is_whole else "judge"
        self.partitions = range(settings.partitions) if self.is_whole else range(slot, slot + 1)
        self.kinds = tuple(k for k in kinds if settings.partitions == 1 or is_whole(k) == self.is_whole)
        self.detectors = [kind() for kind in self.kinds]
        self._streams: dict[int, str] = {}
        self.positions = dict.fromkeys(self.partitions, 0)
        self._held: list[Statement] = []  # of the whole judge, until the state is saved
        self._received: dict[tuple[int, int], int] = {}  # (device, at) of what is said -> received, µs
        self.worked_at = time.time()  # when the newest block that is judged was written to the bus
        self._saved = 0.0
        self._save_every = SAVE_S
        self._written = dict(self.positions)  # the positions that were saved
        self._ticked = 0.0
        self._clock = hearing.Clock()
        self.found = 0
        self._book = Rulebook(())
        registry.on_change(self.configure)

    @property
    def position(self) -> int:
        """Sequence of the last block that is judged, over all partitions of this judge."""
        return sum(self.positions.values())

    def close(self) -> None:
        """This judge judges no more."""
        self.registry.forget(self.configure)

    def configure(self, registry: Registry) -> None:
        """Hand every detector its rules and its devices; state of known devices stays."""
        if not self.is_whole:
            registry = Placement(registry.devices, self.settings.partitions).part(registry, self.slot)
        self._book = Rulebook(registry.rules)
        for detector in self.detectors:
            rules = [r for r in registry.rules if r.detector == detector.name]
            detector.configure(registry, rules)

    async def run(self) -> None:
        """Judge for ever; through every loss of database or bus."""
        while True:
            try:
                async with await lease.connect(self.settings.dsn) as connection:
                    await lease.hold(connection, "judge", self.slot, lease.PATIENCE_S)
                    await self.start(connection)
                    readers = [await self.bus.reader(at, p) for p, at in self.positions.items()]
                    while True:
                        await self._turn(connection, readers)
            except (psycopg.OperationalError, psycopg.InterfaceError, NatsError, OSError) as lost:
                log.warning("judge waits: %s", lost)
                await asyncio.sleep(0.5)

    async def _turn(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], readers: list[Reader]
    ) -> None:
        """What came since the last turn, from every partition."""
        if len(readers) == 1:
            await self.step(connection, await readers[0].fetch(64, 0.2), self.partitions[0])
            self.worked_at = readers[0].written_at
            return
        fetched = await asyncio.gather(*(reader.fetch(64, 0.2) for reader in readers))
        for partition, found in zip(self.partitions, fetched, strict=True):
            await self.step(connection, found, partition)
        self.worked_at = min(reader.written_at for reader in readers)

    async def start(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> None:
        """Load state and positions as they were committed together."""
        for partition in self.partitions:
            self._streams[partition] = await self.bus.identity(partition)
            cursor = await connection.execute(
                "SELECT seq FROM fast.position WHERE stream = %s AND consumer = %s",
                [self._streams[partition], self.consumer],
            )
            row = await cursor.fetchone()
            self.positions[partition] = self._written[partition] = row[0] if row else 0
        self._held, self._received = [], {}
        if not self.registry.current.version:
            await self.registry.load()
        # what memory knows beyond the position was never written: it must be found again
        self.detectors = [kind() for kind in self.kinds]
        kept = await judge_states.load(connection, self.settings.partitions, self.slot)
        for detector in self.detectors:
            if detector.name in kept.bodies:
                detector.load(kept.bodies[detector.name])
        self.configure(self.registry.current)
        hearing.was_deaf(self.detectors, await hearing.pause(connection), "judging stood still")
        if kept.is_of_all:
            self._leave_to_others()

    def _leave_to_others(self) -> None:
        """A state of the time before there were partitions: what it says about other partitions' devices is theirs to say."""
        place = Placement(self.registry.current.devices, self.settings.partitions)
        for detector in self.detectors:
            for said in self._asked(detector, partial(detector.see, NO_ROWS, NOTHING)):
                site = said.site if isinstance(said, Finding) else 0
                if (place.one(said.device) if said.device else place.of_site(site)) == self.slot:
                    self._held.append(said)

    async def step(
        self,
        connection: psycopg.AsyncConnection[tuple[Any, ...]],
        found: list[tuple[int, bytes]],
        partition: int | None = None,
    ) -> None:
        """Judge some blocks of a partition and the passing of time; write what came of it."""
        out, self._held = self._held, []
        partition = self.partitions[0] if partition is None else partition
        seq = self.positions[partition]
        opened: list[Opened] = []
        for number, data in found:
            if number <= seq:
                continue
            one = open_block(number, data)
            seq = number
            if one.wrong:  # the sink keeps it and tells why
                log.error("block %d cannot be judged: %s", number, one.wrong)
                figures.PUT_ASIDE.labels("judge").inc()
            else:
                opened.append(one)
        for block, columns in merged(opened):
            said = [
                one
                for detector in self.detectors
                for one in self._asked(detector, partial(detector.see, block, columns))
            ]
            findings = (one for one in said if isinstance(one, Finding))
            self._received |= latency.received_of(findings, columns)
            out += said
        out += self._tick()
        out = [said for said in out if isinstance(said, Finding) or not self._is_on_trial(said)]
        now = time.monotonic()
        self.positions[partition] = seq
        is_due = now - self._saved > self._save_every and (self.positions != self._written or bool(out))
        if is_due or any(isinstance(o, Command) for o in out):
            await self._save(connection, out)
        elif out and self.is_whole:
            self._held = out
            return
        elif out:
            async with connection.transaction():
                await self._write(connection, out)
        await self._tell([said for said in out if isinstance(said, Finding) and not said.shadow])

    def _is_on_trial(self, command: Command) -> bool:
        """A rule on trial counts and compares; it orders no device about and tells nobody."""
        device = self.registry.by_number.get(command.device)
        kind, _, code = command.origin.partition(":")
        if device is None or kind != "rule" or command.command == "spray_off":
            return False  # what runs may always be stopped
        rule = self._book.entry(code, device.region, project=device.project)
        return rule is not None and rule.shadow

    def _tick(self) -> list[Statement]:
        """Let time pass, once a second."""
        if time.monotonic() - self._ticked < TICK_S:
            return []
        self._ticked = time.monotonic()
        hearing.was_deaf(self.detectors, self._clock.jump(), "the clock of this machine jumped")
        now = time.time_ns() // 1000
        return [
            said for detector in self.detectors for said in self._asked(detector, partial(detector.tick, now))
        ]

    @staticmethod
    def _asked(detector: Detector, question: Callable[[], list[Statement]]) -> list[Statement]:
        """What a detector says. One that fails is counted and told in the log; the others and the stream go on."""
        try:
            return question()
        except FAULTS:
            log.exception(
                "detector %s failed; what it had to say to these readings is missing", detector.name
            )
            figures.FAULTS.labels(detector.name).inc()
            return []

    async def _save(self, connection: psycopg.AsyncConnection[tuple[Any, ...]], out: list[Statement]) -> None:
        """What was said, the state and the positions, in one transaction."""
        begun = time.monotonic()
        name = partial(judge_states.name, self.settings.partitions, self.slot)
        states = [(name(d.name), d.dump()) for d in self.detectors]
        async with connection.transaction():
            await self._write(connection, out)
            await connection.cursor().executemany(
                "INSERT INTO fast.judge_state (name, body) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET body = excluded.body, saved_at = now()",
                states,
            )
            await connection.cursor().executemany(
                "INSERT INTO fast.position (stream, consumer, seq) VALUES (%s, %s, %s)"
                " ON CONFLICT (stream, consumer) DO UPDATE SET seq = excluded.seq",
                [(self._streams[p], self.consumer, seq) for p, seq in self.positions.items()],
            )
        self._written, self._saved = dict(self.positions), time.monotonic()
        took = self._saved - begun
        self._save_every = pause_after(took)
        figures.STATE_S.set(took)
        figures.STATE_BYTES.set(sum(len(body) for _, body in states))

    async def _write(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], out: list[Statement]
    ) -> None:
        """Findings to the inbox, commands to the listeners; inside the caller's transaction."""
        findings = [o for o in out if isinstance(o, Finding)]
        commands = [o for o in out if isinstance(o, Command)]
        if findings:
            await connection.cursor().executemany(
                "INSERT INTO fast.finding_inbox (key, act, at_us, body) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [(f.key, f.act.value, f.at, _encode(f)) for f in findings],
            )
            await connection.execute("SELECT pg_notify('siteloop_finding', '')")
        if commands:
            await connection.cursor().executemany(
                "INSERT INTO fast.command (id, device, command, args, origin, reason, issued_at, expires_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    (c.id, c.device, c.command, json.dumps(c.args), c.origin, c.reason, *_times(c))
                    for c in commands
                ],
            )
        self.found += len(findings)
        figures.SAID.labels("finding").inc(len(findings))
        figures.SAID.labels("command").inc(len(commands))

    async def _tell(self, findings: list[Finding]) -> None:
        """What is written: at once to the live plane. The business plane takes it from the inbox."""
        known, self._received = self._received, {}
        times = [known.get((finding.device, finding.at)) for finding in findings]
        latency.METER.note(Stage.FOUND, np.array([t for t in times if t is not None], np.int64))
        for finding, received in zip(findings, times, strict=True):
            await self.bus.say(
                f"live.finding.{finding.region or '0'}.{finding.site}",
                {
                    "key": finding.key,
                    "act": finding.act.value,
                    "rule": finding.rule,
                    "device": finding.device,
                    "site": finding.site,
                    "at": finding.at // 1000,
                    "received_us": received,  # of the reading that made it
                    "value": finding.value,
                    "limit": finding.limit,
                    "unit": finding.unit,
                    "severity": finding.severity.value,
                    "message": finding.message,
                },
            )


def pause_after(took: float) -> float:
    """Seconds until the state is saved again."""
    return max(SAVE_S, 20 * took)


def merged(opened: Iterable[Opened]) -> Iterator[tuple[Block, Columns]]:
    """Neighbouring blocks of one profile as one, in order of arrival; blocks without rows say nothing to a detector."""
    waiting: list[tuple[Block, Columns]] = []
    for one in opened:
        if one.block is None or one.columns is None:
            continue
        rows = sum(b.rows for b, _ in waiting) + one.block.rows
        if waiting and (waiting[0][0].profile != one.block.profile or rows > MERGED_ROWS):
            yield _joined(waiting)
            waiting = []
        waiting.append((one.block, one.columns))
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[tuple[Block, Columns]]) -> tuple[Block, Columns]:
    """A detector sees only profile and number of rows of a block; all else is in the columns."""
    if len(parts) == 1:
        return parts[0]
    columns = copying.join([c for _, c in parts])
    first = parts[0][0]
    return Block(first.version, first.id, first.listener, first.profile, len(columns.device)), columns


def _times(command: Command) -> tuple[Any, Any]:
    issued = command.issued_at or time.time_ns() // 1000
    return from_us(issued), from_us(command.expires_at or issued + 60_000_000)
