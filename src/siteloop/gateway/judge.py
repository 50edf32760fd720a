"""The judge: blocks in order through every detector; findings and commands out, together with its state and position.

Findings are written at once; state and position together, every few seconds. A restart goes on from the saved state and finds
again what was found after it: the same key and time, so writing it once more changes nothing. A command is written only
together with the state, because a second command would be one too many.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import psycopg
from nats.errors import Error as NatsError

from siteloop.gateway import copying, figures
from siteloop.gateway.bus import Bus, Reader
from siteloop.gateway.opening import Opened, open_block
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Block, Columns
from siteloop.kernel.finding import Command, Finding
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
_encode = msgspec.msgpack.Encoder().encode


class Judge:
    """One judge of one stream with the detectors it is handed."""

    def __init__(
        self, settings: GatewaySettings, bus: Bus, registry: RegistrySource, kinds: Sequence[type[Detector]]
    ) -> None:
        self.settings, self.bus, self.registry = settings, bus, registry
        self.kinds = tuple(kinds)
        self.detectors = [kind() for kind in kinds]
        self.stream = ""
        self.position = 0
        self.worked_at = time.time()  # when the newest block that is judged was written to the bus
        self._saved = 0.0
        self._save_every = SAVE_S
        self._written = 0  # the position that was saved
        self._ticked = 0.0
        self.found = 0
        self._book = Rulebook(())
        registry.on_change(self.configure)

    def configure(self, registry: Registry) -> None:
        """Hand every detector its rules; state of known devices stays."""
        self._book = Rulebook(registry.rules)
        for detector in self.detectors:
            rules = [r for r in registry.rules if r.detector == detector.name]
            detector.configure(registry, rules)

    async def run(self) -> None:
        """Judge for ever; through every loss of database or bus."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.settings.dsn, autocommit=True
                ) as connection:
                    reader = await self.start(connection)
                    while True:
                        await self.step(connection, await reader.fetch(64, 0.2))
                        self.worked_at = reader.written_at
            except (psycopg.OperationalError, psycopg.InterfaceError, NatsError, OSError) as lost:
                log.warning("judge waits: %s", lost)
                await asyncio.sleep(0.5)

    async def start(self, connection: psycopg.AsyncConnection[tuple[Any, ...]]) -> Reader:
        """Load state and position as they were committed together."""
        self.stream = await self.bus.identity()
        cursor = await connection.execute(
            "SELECT seq FROM fast.position WHERE stream = %s AND consumer = 'judge'", [self.stream]
        )
        row = await cursor.fetchone()
        self.position = self._written = row[0] if row else 0
        if not self.registry.current.version:
            await self.registry.load()
        # what memory knows beyond the position was never written: it must be found again
        self.detectors = [kind() for kind in self.kinds]
        cursor = await connection.execute("SELECT name, body FROM fast.judge_state")
        kept = {name: bytes(body) for name, body in await cursor.fetchall()}
        for detector in self.detectors:
            if detector.name in kept:
                detector.load(kept[detector.name])
        self.configure(self.registry.current)
        return await self.bus.reader(self.position)

    async def step(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], found: list[tuple[int, bytes]]
    ) -> None:
        """Judge some blocks and the passing of time; write what came of it."""
        out: list[Statement] = []
        seq = self.position
        opened: list[Opened] = []
        for number, data in found:
            if number <= self.position:
                continue
            one = open_block(number, data)
            seq = number
            if one.wrong:  # the sink keeps it and tells why
                log.error("block %d cannot be judged: %s", number, one.wrong)
                figures.PUT_ASIDE.labels("judge").inc()
            else:
                opened.append(one)
        for block, columns in merged(opened):
            for detector in self.detectors:
                out += self._asked(detector, partial(detector.see, block, columns))
        out += self._tick()
        out = [said for said in out if isinstance(said, Finding) or not self._is_on_trial(said)]
        now = time.monotonic()
        is_due = seq != self._written and now - self._saved > self._save_every
        if is_due or any(isinstance(o, Command) for o in out):
            await self._save(connection, out, seq)
        elif out:
            async with connection.transaction():
                await self._write(connection, out)
        self.position = seq
        for one_said in out:
            if isinstance(one_said, Finding) and not one_said.shadow:
                await self._tell(one_said)

    def _is_on_trial(self, command: Command) -> bool:
        """A rule on trial counts and compares; it orders no device about and tells nobody."""
        device = self.registry.by_number.get(command.device)
        kind, _, code = command.origin.partition(":")
        if device is None or kind != "rule" or command.command == "spray_off":
            return False  # what runs may always be stopped
        rule = self._book.entry(code, device.region)
        return rule is not None and rule.shadow

    def _tick(self) -> list[Statement]:
        """Let time pass, once a second."""
        if time.monotonic() - self._ticked < TICK_S:
            return []
        self._ticked = time.monotonic()
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

    async def _save(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], out: list[Statement], seq: int
    ) -> None:
        """What was said, the state and the position, in one transaction."""
        begun = time.monotonic()
        states = [(d.name, d.dump()) for d in self.detectors]
        async with connection.transaction():
            await self._write(connection, out)
            await connection.cursor().executemany(
                "INSERT INTO fast.judge_state (name, body) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET body = excluded.body, saved_at = now()",
                states,
            )
            await connection.execute(
                "INSERT INTO fast.position (stream, consumer, seq) VALUES (%s, 'judge', %s)"
                " ON CONFLICT (stream, consumer) DO UPDATE SET seq = excluded.seq",
                [self.stream, seq],
            )
        self._written, self._saved = seq, time.monotonic()
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

    async def _tell(self, finding: Finding) -> None:
        """At once to the live plane; the business plane takes it from the inbox."""
        await self.bus.say(
            f"live.finding.{finding.region or '0'}.{finding.site}",
            {
                "key": finding.key,
                "act": finding.act.value,
                "rule": finding.rule,
                "device": finding.device,
                "site": finding.site,
                "at": finding.at // 1000,
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
