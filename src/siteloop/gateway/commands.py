"""Commands to devices: claimed from `fast.command` by the listener that holds the device's connection, sent, re-sent, answered.

PostgreSQL is the record of a command and hands each to one listener (SKIP LOCKED), so that several listeners need no
other agreement. Time-outs after HJ 212-2017 table 1: 10 s, sent at most three times.
"""

import asyncio
import json
import time
from typing import Any, Protocol, cast

import psycopg
from psycopg.rows import dict_row

from siteloop.gateway.bus import Bus
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.hj212 import talk

AGAIN_S = 10
MOST_TRIES = 3
KEPT = 10_000
STATES = ("accepted", "refused", "done", "failed")  # what a device may report


class CommandsUnreachable(Exception):
    """Nobody can say at the moment which commands wait."""


class Speaker(Protocol):
    """A connection commands can be written to."""

    def send_command(self, device: DeviceEntry, row: dict[str, Any]) -> None:
        """Write a row of `fast.command` in the words of the device's protocol, or report why there are none."""
        ...


class Writer(Protocol):
    """A connection HJ 212 frames can be written to."""

    def send(self, data: bytes) -> None:
        """Write bytes now."""
        ...


def _request(device: DeviceEntry, qn: str, cn: str, area: str) -> bytes:
    """A command in the device's own version of HJ 212."""
    password = device.password or "123456"
    return talk.request(qn, "39", cn, password, device.code, area, device.crc, device.version, device.sm4_key)


class Commands:
    """The pump of one listener process."""

    def __init__(
        self, dsn: str, registry: RegistrySource, presence: Presence, bus: Bus | None = None
    ) -> None:
        self.dsn, self.registry, self.presence, self.bus = dsn, registry, presence, bus
        self._open: dict[tuple[int, str], str] = {}  # (device, QN) -> command id
        self._frames: dict[
            str, bytes
        ] = {}  # command id -> its HJ 212 frame: a re-send keeps content and QN (6.6)
        self._news: asyncio.Queue[tuple[str, str, dict[str, Any], list[int] | None]] = asyncio.Queue(10_000)

    def answered(self, device: int, qn: str, cn: str, items: dict[str, str]) -> None:
        """A device's 9011 or 9012."""
        command = self._open.get((device, qn))
        if command is None:
            return
        if cn == "9011":
            code = items.get("QnRtn", "")
            state = "accepted" if code == "1" else "refused"
            self.report(command, state, {"detail": talk.QN_RETURNS.get(code, code)})
        elif cn == "9012":
            code = items.get("ExeRtn", "")
            self.report(
                command, "done" if code == "1" else "failed", {"detail": talk.EXE_RETURNS.get(code, code)}
            )
            self._open.pop((device, qn), None)
            self._frames.pop(command, None)

    def replied(self, device: int, qn: str, items: dict[str, str]) -> bool:
        """What a device was asked for (its time, an interval) came: part of the command's result. False for anything else."""
        command = self._open.get((device, qn))
        if command is None:
            return False
        self.report(command, "accepted", {"reply": {k[:40]: v[:200] for k, v in list(items.items())[:20]}})
        return True

    def report(
        self, command: str, state: str, result: dict[str, Any], device: int | list[int] | None = None
    ) -> None:
        """A device told how its command fares; with `device` given only a command of that device, or of one of these, changes."""
        if not self._news.full():
            own = [device] if isinstance(device, int) else device
            self._news.put_nowait((command, state, result, own))

    def set_clock(self, device: DeviceEntry, speaker: Writer) -> None:
        """A device asked for the time (1013): tell it now, outside the command table."""
        now = time.time_ns() // 1000
        cn, area = talk.command("set_time", {}, now)
        speaker.send(_request(device, talk.qn_of(now), cn, area))

    async def run(self) -> None:
        """Send what is queued and write down what is answered, for ever."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.dsn, autocommit=True, row_factory=dict_row
                ) as connection:
                    await connection.execute("LISTEN siteloop_command")
                    while True:
                        await self._round(connection)
                        async for _ in connection.notifies(timeout=0.25, stop_after=1):
                            pass
            except psycopg.OperationalError:
                await asyncio.sleep(1)

    async def _round(self, connection: psycopg.AsyncConnection[dict[str, Any]]) -> None:
        while not self._news.empty():
            await self._write(connection, *self._news.get_nowait())
        here = self.presence.devices()
        if here:
            async with connection.transaction():
                cursor = await connection.execute(
                    "UPDATE fast.command SET state = 'sent', sent_at = now(), tries = tries + 1 WHERE id IN ("
                    " SELECT id FROM fast.command WHERE device = ANY(%s) AND expires_at > now() AND tries < %s"
                    " AND (state = 'queued' OR (state = 'sent' AND sent_at < now() - %s * interval '1 second'))"
                    " ORDER BY issued_at LIMIT 200 FOR UPDATE SKIP LOCKED) RETURNING *",
                    [here, MOST_TRIES, AGAIN_S],
                )
                rows = await cursor.fetchall()
            for row in rows:
                self._send(row)
                await self._tell(row["id"], row["device"], row["command"], "sent")
        await connection.execute(
            "UPDATE fast.command SET state = 'expired', finished_at = now(), result = result || '{\"detail\": \"超时未应答\"}'"
            " WHERE state IN ('queued', 'sent', 'accepted') AND expires_at < now()"
        )

    async def _write(
        self,
        connection: psycopg.AsyncConnection[dict[str, Any]],
        command: str,
        state: str,
        result: dict[str, Any],
        devices: list[int] | None,
    ) -> None:
        cursor = await connection.execute(
            "UPDATE fast.command SET state = %(state)s, answered_at = coalesce(answered_at, now()),"
            " finished_at = CASE WHEN %(state)s = 'accepted' THEN NULL ELSE now() END, result = result || %(result)s::jsonb"
            " WHERE id = %(id)s AND state IN ('queued', 'sent', 'accepted')"
            " AND (%(devices)s::int[] IS NULL OR device = ANY(%(devices)s)) RETURNING device, command",
            {"id": command, "state": state, "result": json.dumps(result), "devices": devices},
        )
        row = await cursor.fetchone()
        if row is not None:
            await self._tell(command, row["device"], row["command"], state)

    def _send(self, row: dict[str, Any]) -> None:
        device = self.registry.by_number.get(row["device"])
        speaker = self.presence.connection(row["device"])
        if device is not None and speaker is not None:
            cast(Speaker, speaker).send_command(device, row)

    def frame(self, device: DeviceEntry, row: dict[str, Any]) -> bytes | None:
        """The command as an HJ 212 frame with a QN of its own, the same one each time; None when HJ 212 has no words for it."""
        if row["id"] in self._frames:
            return self._frames[row["id"]]
        now = time.time_ns() // 1000
        try:
            cn, area = talk.command(row["command"], row["args"], now)
        except (KeyError, ValueError):
            self.report(row["id"], "failed", {"detail": "此设备协议没有该指令，或参数不全"})
            return None
        at = now
        while (device.number, qn := talk.qn_of(at)) in self._open:
            at += 1000
        for kept in (self._open, self._frames):
            if len(kept) > KEPT:
                kept.pop(next(iter(kept)))  # type: ignore[call-overload]
        self._open[(device.number, qn)] = row["id"]
        frame = _request(device, qn, cn, area)
        self._frames[row["id"]] = frame
        return frame

    # ---- devices that fetch their commands (HTTP)

    async def fetch(self, device: int) -> list[dict[str, Any]]:
        """The waiting commands of a device, marked as sent. Raises psycopg.OperationalError."""
        async with await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = await connection.execute(
                "UPDATE fast.command SET state = 'sent', sent_at = now(), tries = tries + 1 WHERE id IN ("
                " SELECT id FROM fast.command WHERE device = %s AND state = 'queued' AND expires_at > now()"
                " ORDER BY issued_at LIMIT 50 FOR UPDATE SKIP LOCKED) RETURNING id, command, args",
                [device],
            )
            rows = await cursor.fetchall()
        for row in rows:
            await self._tell(row["id"], device, row["command"], "sent")
        return list(rows)

    async def _tell(self, command: str, number: int, name: str, state: str) -> None:
        device = self.registry.by_number.get(number)
        if device is not None and self.bus is not None:
            await self.bus.say(
                f"live.command.{device.region or '0'}.{device.site}",
                {"id": command, "device": number, "command": name, "state": state},
            )
