"""Both sides of HJ 212 for the kit: opening frames, answering, asking."""

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.kernel.conformance import Seen
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.crc import crc212
from siteloop.protocols.hj212.frame import Frame, Refusal, cut
from siteloop.protocols.hj212.message import Message, NotAMessage, parse
from siteloop.protocols.hj212.sm4 import decrypt, is_secret, key_of

MN = "010000A8900016F000169DC0"  # the standard's own example
Unit = Frame | Refusal


@dataclass(frozen=True)
class Said:
    """One frame as a message; `message` None when it cannot be read. The area is plain text. Sound is one whose CRC fits."""

    heard: Heard[Unit]
    frame: Frame | None
    message: Message | None
    is_sound: bool

    @property
    def seen(self) -> Seen:
        text = self.heard.raw.decode("ascii", "backslashreplace").rstrip("\r\n")
        return Seen(self.heard.at_us, "in", text[:4000])


@dataclass
class Line:
    """The conversation. `withheld` QNs are not answered."""

    asked: Asked
    ear: Ear[Unit] = field(init=False)
    said: list[Said] = field(default_factory=list)
    withholds: bool = False
    withheld: set[str] = field(default_factory=set)
    unended: list[Unit] = field(default_factory=list)  # frames without CR LF behind them
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.ear = Ear(self._cut, lambda unit: unit.raw, is_text=True, react=self._react)

    # ---- hearing

    def _cut(self, buffer: bytes) -> tuple[int, list[Unit]]:
        """Frames of a buffer. The codec is lenient about a missing line end, the kit is not."""
        used, found = cut(buffer)
        at = 0
        for unit in found:
            place = buffer.find(unit.raw, at)
            if place < 0:
                continue
            at = place + len(unit.raw)
            behind = buffer[at : at + 2]
            if isinstance(unit, Frame) and len(behind) == 2 and behind != b"\r\n":
                self.unended.append(unit)
        return used, list(found)

    def _react(self, heard: Heard[Unit]) -> None:
        frame = heard.unit if isinstance(heard.unit, Frame) else None
        message = self._opened(frame) if frame is not None else None
        one = Said(heard, frame, message, frame is not None and self._is_sound(frame))
        self.said.append(one)
        if self.asked.listens and message is not None and one.is_sound:
            self._answer(message)

    def _opened(self, frame: Frame) -> Message | None:
        try:
            message = parse(frame.segment)
        except NotAMessage:
            return None
        if self.asked.sm4_key and is_secret(message.cn):
            area = decrypt(message.area, key_of(self.asked.sm4_key))
            return msgspec.structs.replace(message, area=area)
        return message

    def _is_sound(self, frame: Frame) -> bool:
        """Whether the CRC fits the plain text (2025: the CRC is computed before the area is encrypted)."""
        segment = frame.segment
        if crc212(segment) == frame.crc:
            return True
        message = self._opened(frame)
        if message is None or not self.asked.sm4_key or not is_secret(message.cn):
            return False
        head = segment.find(b"&&") + 2
        return crc212(segment[:head] + message.area + b"&&") == frame.crc

    def _answer(self, message: Message) -> None:
        if message.cn in talk.ANSWERS or not message.wants_answer:
            return
        if message.cn in talk.UPLOADS and (self.withholds or message.qn in self.withheld):
            self.withheld.add(message.qn)
            return
        if message.cn in talk.UPLOADS | talk.NOTICES and self.ear.is_connected:
            self.ear.say(talk.answer(message, version=self.asked.version))

    def messages(self, *cns: str, since: int = 0) -> list[Said]:
        """What was said with these CN (all without one), from a place in the order on."""
        return [
            s
            for s in self.said[since:]
            if s.message is not None and s.is_sound and (not cns or s.message.cn in cns)
        ]

    @property
    def place(self) -> int:
        """The present end of what was said."""
        return len(self.said)

    async def next(self, *cns: str, since: int, seconds: float) -> Said | None:
        """The first of these CN from a place on."""
        return await self.ear.until(lambda: next(iter(self.messages(*cns, since=since)), None), seconds)

    # ---- saying

    @property
    def code(self) -> str:
        """The MN asked for, else the one heard, else the standard's example."""
        heard = (s.message.mn for s in self.messages() if s.message is not None)
        return self.asked.code or next(heard, MN)

    @property
    def password(self) -> str:
        """The PW asked for, else the one heard."""
        heard = (s.message.pw for s in self.messages() if s.message is not None)
        return self.asked.password or next(heard, "123456")

    @property
    def station(self) -> str:
        """The ST heard, else 39."""
        return next((s.message.st for s in self.messages(*talk.UPLOADS) if s.message), "39") or "39"

    def qn(self) -> str:
        """An exchange number that was not used before."""
        return talk.qn_of(time.time_ns() // 1000 + next(self._numbers) * 1000)

    def request(self, cn: str, area: str = "", mn: str = "", pw: str = "") -> tuple[str, bytes]:
        """(QN, frame) of a command."""
        qn, a = self.qn(), self.asked
        frame = talk.request(
            qn,
            self.station,
            cn,
            pw or self.password,
            mn or self.code,
            area,
            version=a.version,
            sm4_key=a.sm4_key,
        )
        return qn, frame

    def upload(
        self,
        area: str = "",
        cn: str = "2011",
        flag: int = 1,
        qn: str = "",
        mn: str = "",
        pw: str = "",
        more: str = "",
    ) -> tuple[str, bytes]:
        """(QN, frame) of an upload with the present time; `flag` holds bits A and D only."""
        qn = qn or self.qn()
        bits = {"2005": 0, "2017": 4, "2025": 8}[self.asked.version] | flag
        head = f"QN={qn};ST=39;CN={cn};PW={pw or self.password};MN={mn or self.code};Flag={bits};{more}"
        area = area or f"DataTime={talk.stamp(time.time_ns() // 1000)};a34004-Rtd=36.0,a34004-Flag=N"
        return qn, talk.wire(head, cn, area, sm4_key=self.asked.sm4_key)

    def returned(self, qn: str, cn: str, since: int = 0) -> Said | None:
        """The answer of this CN to an exchange."""
        found = (s for s in self.messages(cn, since=since) if s.message and s.message.exchange == qn)
        return next(found, None)

    async def answered(self, qn: str, cn: str, since: int, seconds: float) -> Said | None:
        """Wait for it."""
        return await self.ear.until(lambda: self.returned(qn, cn, since), seconds)


def spoiled(frame: bytes) -> bytes:
    """The frame with a wrong CRC."""
    crc = int(frame[-6:-2], 16) ^ 0x0101
    return frame[:-6] + b"%04X\r\n" % crc


def shown(said: Iterable[Said | None]) -> list[Seen]:
    """Their bytes."""
    return [s.seen for s in said if s is not None]
