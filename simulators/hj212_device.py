"""A dust and noise monitor that speaks HJ 212 (2005, 2017 or 2025): uploads, re-sends what is not answered, obeys commands."""

import time
from collections import deque

import msgspec

from simulators.device import Behaviour
from simulators.streamed import StreamedDevice
from siteloop.kernel.times import DAY, HOUR, MINUTE, to_us
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.crc import VARIANTS, crc212
from siteloop.protocols.hj212.factors import CODES
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import Message, NotAMessage, parse
from siteloop.protocols.hj212.reading import data_time
from siteloop.protocols.hj212.sm4 import decrypt, is_secret, key_of

PERIODS = {"2051": 10 * MINUTE, "2061": HOUR, "2031": DAY}
REMEMBERED = 20_000  # samples kept for history requests
BEAT_S = 120  # a 2025 device says that it lives (9015)
VERSION_BITS = {"2005": 0, "2017": 4, "2025": 8}


class Hj212Device(StreamedDevice):
    """One monitor. `flags` maps a field to the letter sent with it; `crc` is the variant it computes.

    `version` 2005 | 2017 | 2025; with `sm4_key` (32 hex digits) its data areas are encrypted.
    """

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        behave: Behaviour,
        password: str = "123456",  # noqa: S107 - the default every HJ 212 device ships with
        interval_s: float = 60.0,
        first_s: float = 0.0,
        crc: str = "hj212",
        version: str = "2017",
        sm4_key: str = "",
    ) -> None:
        super().__init__(address, code, behave, interval_s, first_s)
        self.password, self.crc, self.version, self.sm4_key = password, crc, version, sm4_key
        self._beat_at = time.monotonic()
        self.flags: dict[str, str] = {}
        self.samples: deque[tuple[int, dict[str, float]]] = deque(maxlen=REMEMBERED)
        self.commands: list[str] = []  # CN of every command obeyed
        self._last_qn = 0

    # ---- saying

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        """A real-time upload (2011) that wants an answer."""
        self.samples.append((at_us, said))
        items = [
            f"{CODES.get(field, field)}-Rtd={value:g},{CODES.get(field, field)}-Flag={self.flags.get(field, 'N')}"
            for field, value in said.items()
        ]
        qn = self._qn()
        return qn, self._frame(qn, "2011", 5, f"DataTime={talk.stamp(at_us)};" + ";".join(items))

    def ask_for_time(self) -> None:
        """Send the notice 1013; the platform answers with a 1012."""
        qn = self._qn()
        self.keep(qn, self._frame(qn, "1013", 5, "PolId=a34004"))
        self.sendable()

    def _qn(self) -> str:
        """An exchange number that was not used before."""
        self._last_qn = max(self.now_us() // 1000 * 1000, self._last_qn + 1000)
        return talk.qn_of(self._last_qn)

    def _frame(self, qn: str, cn: str, flag: int, area: str, st: str = "39", more: str = "") -> bytes:
        """`flag` holds the bits A and D; the version's bits are put in here."""
        bits = VERSION_BITS[self.version] | flag & 3
        head = f"QN={qn};ST={st};CN={cn};PW={self.password};MN={self.code};Flag={bits};{more}"
        return talk.wire(head, cn, area, self.crc, self.sm4_key)

    def idle(self) -> None:
        """The heartbeat of 2025."""
        if self.version == "2025" and time.monotonic() - self._beat_at > BEAT_S:
            self.beat()

    def beat(self) -> None:
        """Say that the device lives (9015); the platform answers 9013."""
        self._beat_at = time.monotonic()
        qn = self._qn()
        self.keep(qn, self._frame(qn, "9015", 5, ""))
        self.sendable()

    # ---- hearing

    def heard(self, buffer: bytes) -> bytes:
        """Answers to uploads, and commands."""
        used, found = cut(buffer)
        for one in found:
            message = self._opened(one) if isinstance(one, Frame) else None
            if message is None:
                continue
            if message.cn in ("9013", "9014"):
                self.confirm(message.exchange)
            elif message.mn == self.code:
                self._obey(message)
        return buffer[used:]

    def _opened(self, frame: Frame) -> Message | None:
        """The message of a sound frame, decrypted; None for anything else."""
        try:
            message = parse(frame.segment)
        except NotAMessage:
            return None
        segment = frame.segment
        if self.sm4_key and is_secret(message.cn):
            area = decrypt(message.area, key_of(self.sm4_key))
            segment = segment[: segment.find(b"&&") + 2] + area + b"&&"
            message = msgspec.structs.replace(message, area=area)
        return message if frame.crc in (crc212(segment), VARIANTS[self.crc](segment)) else None

    def _obey(self, message: Message) -> None:
        """9011, what was asked for, 9012 (6.6)."""
        assert self.writer is not None, "a command comes over a connection"
        if message.pw != self.password:
            self._reply(message, "9011", "QnRtn=3")
            return
        items = message.items()
        actions = {
            "1000": 1,
            "1011": self._tell_time,
            "1012": self._set_time,
            "1062": self._set_interval,
            "3021": self._set_parameter,
        }
        known = message.cn in actions or message.cn in PERIODS
        self._reply(message, "9011", "QnRtn=1" if known else "QnRtn=8")
        if not known:
            return
        self.commands.append(message.cn)
        action = actions.get(message.cn)
        try:
            result = (
                self._history(message, items)
                if message.cn in PERIODS
                else action(message, items)
                if callable(action)
                else 1
            )
        except (KeyError, ValueError):
            result = 3
        self._reply(message, "9012", f"ExeRtn={result}")

    def _reply(self, message: Message, cn: str, area: str) -> None:
        if self.writer is not None:
            self.writer.write(self._frame(message.qn, cn, 4, area, st="91"))

    def _tell_time(self, message: Message, items: dict[str, str]) -> int:
        if self.writer is not None:
            self.writer.write(self._frame(message.qn, "1011", 4, f"SystemTime={talk.stamp(self.now_us())}"))
        return 1

    def _set_time(self, message: Message, items: dict[str, str]) -> int:
        told = to_us(talk.parse_system_time(items["SystemTime"]))
        self.clock_off_s += (told - self.now_us()) / 1e6
        return 1

    def _set_interval(self, message: Message, items: dict[str, str]) -> int:
        seconds = int(items["RtdInterval"])
        if not 30 <= seconds <= 3600:
            return 3
        self.interval_s = seconds
        return 1

    def _set_parameter(self, message: Message, items: dict[str, str]) -> int:
        """3021: a plain monitor has nothing to switch."""
        return 3

    def _history(self, message: Message, items: dict[str, str]) -> int:
        """Aggregates of the remembered samples, a packet a period; ExeRtn=100 when there are none."""
        begin, end, step = data_time(items["BeginTime"]), data_time(items["EndTime"]), PERIODS[message.cn]
        buckets: dict[int, list[dict[str, float]]] = {}
        for at, said in self.samples:
            if begin <= at < end:
                buckets.setdefault((at + 8 * HOUR) // step * step - 8 * HOUR, []).append(said)
        for start, rows in sorted(buckets.items()):
            qn = self._qn()
            area = ";".join([f"DataTime={talk.stamp(start)}", *self._aggregates(rows)])
            refill = "RF=1;" if self.version == "2025" else ""
            self.keep(qn, self._frame(qn, message.cn, 5, area, more=refill))
        self.sendable()
        return 1 if buckets else 100

    @staticmethod
    def _aggregates(rows: list[dict[str, float]]) -> list[str]:
        found = []
        for field in rows[0]:
            values, code = [r[field] for r in rows if field in r], CODES.get(field, field)
            if code == "LA":
                found.append(f"Leq-Data={sum(values) / len(values):.1f},Leq-Flag=N")
                continue
            low, mean, high = min(values), sum(values) / len(values), max(values)
            found.append(f"{code}-Min={low:.3f},{code}-Avg={mean:.3f},{code}-Max={high:.3f},{code}-Flag=N")
        return found
