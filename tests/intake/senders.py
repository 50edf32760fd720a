"""Devices that misbehave, over the program's real sockets: what they sent and the answer they got, in plain words."""

import datetime as dt
import itertools
import json
import socket
import struct
from dataclasses import dataclass
from typing import Any

import httpx

from siteloop.kernel.times import SHANGHAI

_numbers = itertools.count(1)
WAIT_S = 20


@dataclass(frozen=True)
class Sent:
    """The bytes of one message and what came back: `answer` is the protocol's own word."""

    raw: bytes
    answer: str


def crc212(segment: bytes) -> int:
    """HJ 212-2017 Annex A, written out here so that the codec is not its own witness."""
    crc = 0xFFFF
    for byte in segment:
        crc = (crc >> 8) ^ byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def moment(age_s: float) -> dt.datetime:
    """A time that was never said before, `age_s` ago."""
    return dt.datetime.now(SHANGHAI) - dt.timedelta(seconds=age_s + next(_numbers))


def frame(
    mn: str,
    items: str = "a34004-Rtd=36.0,a34004-Flag=N",
    *,
    age_s: float = 0,
    pw: str = "123456",
    crc_off: int = 0,
    length_off: int = 0,
    data_time: str = "",
) -> tuple[str, bytes]:
    """(QN, an HJ 212 real-time upload that wants an answer)."""
    at = moment(age_s)
    qn = f"{dt.datetime.now(SHANGHAI):%Y%m%d%H%M%S}{next(_numbers) % 1000:03d}"
    told = data_time or f"{at:%Y%m%d%H%M%S}"
    segment = f"QN={qn};ST=39;CN=2011;PW={pw};MN={mn};Flag=5;CP=&&DataTime={told};{items}&&".encode()
    crc = crc212(segment) ^ crc_off
    return qn, b"##%04d%s%04X\r\n" % (len(segment) + length_off, segment, crc)


def hj212(address: tuple[str, int], mn: str, qn: str, raw: bytes) -> Sent:
    """Send one frame and then a sound one. "9014" when the first was answered, "silence" when only the second was."""
    fence, sound = frame(mn)
    with socket.create_connection(address, WAIT_S) as port:
        port.settimeout(WAIT_S)
        port.sendall(raw + sound)
        heard = b""
        while f"QN={fence}".encode() not in heard:
            more = port.recv(65_536)
            if not more:
                return Sent(raw, "closed")
            heard += more
    return Sent(raw, "9014" if f"QN={qn}".encode() in heard and b"CN=9014" in heard else "silence")


def mqtt(
    address: tuple[str, int], code: str, token: str, payload: bytes, topic: str = "", packet: bytes = b""
) -> Sent:
    """Connect and publish at QoS 1, or send `packet` as it is. "connack 4", "puback" or "closed"."""
    topic = topic or f"siteloop/dust/{code}"
    with socket.create_connection(address, WAIT_S) as port:
        port.settimeout(WAIT_S)
        body = b"\x00\x04MQTT\x04\xc2\x00\x3c" + _text(f"bad-{next(_numbers)}") + _text(code) + _text(token)
        port.sendall(b"\x10" + _size(len(body)) + body)
        hello = port.recv(4)
        if hello[3:4] != b"\x00":
            return Sent(b"", f"connack {hello[3]}")
        message = _text(topic) + struct.pack(">H", 7) + payload
        port.sendall(packet or b"\x32" + _size(len(message)) + message)
        answer = port.recv(4)
        return Sent(packet or payload, "puback" if answer[:1] == b"\x40" else "closed")


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text.encode())) + text.encode()


def _size(n: int) -> bytes:
    found = b""
    while True:
        n, low = divmod(n, 128)
        found += bytes([low | (0x80 if n else 0)])
        if not n:
            return found


def http(url: str, code: str, token: str, body: Any) -> tuple[Sent, dict[str, Any]]:
    """POST a reading. The answer is the status; the body comes too."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {code}:{token}", "Content-Type": "application/json"}
    answer = httpx.post(f"{url}/api/v1/intake/dust", content=raw, headers=headers, timeout=WAIT_S)
    return Sent(raw, str(answer.status_code)), dict(answer.json())
