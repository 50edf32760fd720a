"""The judge: blocks in order through every detector; findings and commands out, together with its state and position.

State and position commit with what was found, so that a restart repeats exactly what was not yet written, and writing it
again changes nothing (unique keys).
"""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from nats.errors import Error as NatsError

from siteloop.gateway import figures
from siteloop.gateway.bus import Bus, Reader
from siteloop.gateway.opening import open_block
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.finding import Command, Finding
from siteloop.kernel.registry import Registry
from siteloop.kernel.times import from_us
from siteloop.rules.detector import Detector, Rulebook

log = logging.getLogger("siteloop.judge")
SAVE_S = 2.0
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
        self.position = row[0] if row else 0
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
        out: list[Finding | Command] = []
        seq = self.position
        for number, data in found:
            if number <= self.position:
                continue
            opened = open_block(number, data)
            seq = number
            if opened.wrong:  # the sink keeps it and tells why
                log.error("block %d cannot be judged: %s", number, opened.wrong)
                figures.PUT_ASIDE.labels("judge").inc()
            elif opened.block is not None and opened.columns is not None:
                for detector in self.detectors:
                    out += detector.see(opened.block, opened.columns)
        now = time.time_ns() // 1000
        for detector in self.detectors:
            out += detector.tick(now)
        out = [one for one in out if isinstance(one, Finding) or not self._is_on_trial(one)]
        if out or (seq != self.position and time.monotonic() - self._saved > SAVE_S):
            await self._write(connection, out, seq)
            self._saved = time.monotonic()
            self._committed = seq
        self.position = seq
        for one in out:
            if isinstance(one, Finding) and not one.shadow:
                await self._tell(one)

    def _is_on_trial(self, command: Command) -> bool:
        """A rule on trial counts and compares; it orders no device about and tells nobody."""
        device = self.registry.by_number.get(command.device)
        kind, _, code = command.origin.partition(":")
        if device is None or kind != "rule" or command.command == "spray_off":
            return False  # what runs may always be stopped
        rule = self._book.entry(code, device.region)
        return rule is not None and rule.shadow

    async def _write(
        self, connection: psycopg.AsyncConnection[tuple[Any, ...]], out: list[Finding | Command], seq: int
    ) -> None:
        findings = [o for o in out if isinstance(o, Finding)]
        commands = [o for o in out if isinstance(o, Command)]
        async with connection.transaction():
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
            await connection.cursor().executemany(
                "INSERT INTO fast.judge_state (name, body) VALUES (%s, %s)"
                " ON CONFLICT (name) DO UPDATE SET body = excluded.body, saved_at = now()",
                [(d.name, d.dump()) for d in self.detectors],
            )
            await connection.execute(
                "INSERT INTO fast.position (stream, consumer, seq) VALUES (%s, 'judge', %s)"
                " ON CONFLICT (stream, consumer) DO UPDATE SET seq = excluded.seq",
                [self.stream, seq],
            )
        self.found += len(findings)

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


def _times(command: Command) -> tuple[Any, Any]:
    issued = command.issued_at or time.time_ns() // 1000
    return from_us(issued), from_us(command.expires_at or issued + 60_000_000)
