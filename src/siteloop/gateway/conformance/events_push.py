"""One push of a camera or gate as the kit keeps it: what it says and how it is written, without pictures and without persons."""

import hashlib
import re
import time
from collections.abc import Iterator

import msgspec

from siteloop.gateway.conformance import digest, requests
from siteloop.kernel.conformance import Seen
from siteloop.kernel.reasons import Reason
from siteloop.protocols.events.event import Event, Kind, Passage, Picture
from siteloop.protocols.events.multipart import Part, boundary_of, parts
from siteloop.protocols.events.reading import pushed
from siteloop.protocols.framing import Refusal

MOST_HELD = 16 << 20  # bytes of a request that is still read
MOST_SHOWN = 1500
MOST_TEXT = 64 << 10  # bytes of a text that are looked at
PAGE = "docs/protocols/events.md"
ISAPI = "ISAPI EventNotificationAlert [S]，条款号未核实"
MAGIC = ((b"\xff\xd8\xff", "image/jpeg", b"\xff\xd9"), (b"\x89PNG\r\n\x1a\n", "image/png", b"IEND"))
#: a person's name and card, and a picture in a text: never written down
_PRIVATE = (
    (re.compile(rb"(<(?:name|cardNo|employeeName)>)[^<]*"), rb"\1***"),
    (re.compile(rb'("(?:name|card|cardNo|CardName|CardNo)"\s*:\s*)"(?:[^"\\]|\\.)*"'), rb'\1"***"'),
    (re.compile(rb"((?:CardName|CardNo)=)[^\r\n]*"), rb"\1***"),
    (re.compile(rb'("picture"\s*:\s*)"[^"]*"'), rb'\1"***"'),
)
_PROOF = re.compile(rb"(?im)^(authorization:\s*\w+)[^\r\n]*")
#: what a repeat of an event has in common with it
Key = tuple[str, str, int, int, str, str]


class Shot(msgspec.Struct, frozen=True):
    """A picture without its bytes; `real` is its type by them, "" = no picture."""

    declared: str
    real: str
    size: int
    is_whole: bool


class Text(msgspec.Struct, frozen=True):
    """A text part (or the whole body): the type it declares, and what it says without persons and pictures."""

    declared: str
    data: bytes


class Push(msgspec.Struct, frozen=True):
    """A request; `first` is "" for bytes that are none. `refused` are (reason, detail) of what cannot be read in it."""

    first: str = ""
    path: str = ""
    content_type: str = ""
    closes: bool = False
    proof: digest.Proof = digest.Proof()
    size: int = 0
    is_over: bool = False
    sha256: str = ""
    events: tuple[Event, ...] = ()
    refused: tuple[tuple[Reason, str], ...] = ()
    shots: tuple[Shot, ...] = ()
    texts: tuple[Text, ...] = ()
    frame: str = ""  # what is wrong with its boundaries
    shown: bytes = b""

    @property
    def news(self) -> tuple[Event, ...]:
        """Its events without signs of life."""
        return tuple(e for e in self.events if e.kind is not Kind.HEARTBEAT)

    @property
    def keys(self) -> set[Key]:
        """By what its events are known again."""
        return {(e.maker, e.code, e.at, e.channel, e.state, e.serial) for e in self.news}


def cut(buffer: bytes) -> tuple[int, list[Push]]:
    """Whole pushes at the front of a buffer; one that is longer than is held ends everything."""
    used, messages = requests.cut(buffer)
    found = [read(m) for m in messages]
    head, end, _ = buffer[used : used + requests.LONGEST_HEAD].partition(b"\r\n\r\n")
    told = re.search(rb"(?im)^content-length:[ \t]*(\d{1,15})", head) if end else None
    if told is None or int(told[1]) <= MOST_HELD:
        return used, found
    first = head.split(b"\r\n")[0].decode("latin-1")
    return len(buffer), [*found, Push(first, size=int(told[1]), is_over=True, shown=_head(head))]


def read(message: requests.Message) -> Push:
    """The push of a request."""
    now, kind = time.time_ns() // 1000, message.headers.get("content-type", "")
    found = pushed(kind, message.body, now)
    boundary = boundary_of(kind) if "multipart" in kind.lower() else b""
    pieces = parts(message.body, boundary) if boundary else [Part(_bare(kind), "", message.body)]
    whole = [p for p in pieces if isinstance(p, Part)]
    images = [p for p in whole if _real(p.data)[0] or p.content_type.startswith("image/")]
    texts = [p for p in whole if p not in images and p.data.strip()]
    events = [e for e in found if isinstance(e, Event)]
    head = message.raw.partition(b"\r\n\r\n")[0] if message.first else message.raw
    words = message.first.split(" ")
    return Push(
        message.first,
        words[1] if len(words) > 1 else "",
        kind,
        message.headers.get("connection", "").lower() == "close",
        digest.read(message.headers.get("authorization", "")),
        len(message.body),
        len(message.body) > MOST_HELD,
        hashlib.sha256(message.body).hexdigest(),
        tuple(msgspec.structs.replace(e, pictures=(), passage=_bare_passage(e)) for e in events),
        tuple((r.reason, r.detail[:200]) for r in found if isinstance(r, Refusal)),
        tuple(_shot(p) for e in events for p in e.pictures),
        tuple(Text(p.content_type, _masked(p.data)[:MOST_TEXT]) for p in texts),
        _frame(boundary, message.body) if boundary else "",
        _shown(head, texts, images),
    )


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _bare_passage(event: Event) -> Passage | None:
    if event.passage is None:
        return None
    return msgspec.structs.replace(event.passage, name="", card="*" if event.passage.card else "")


def _real(data: bytes) -> tuple[str, bool]:
    """(type by the first bytes, whether its end is there)."""
    for magic, kind, end in MAGIC:
        if data.startswith(magic):
            return kind, end in data[-1024:]
    return "", False


def _shot(picture: Picture) -> Shot:
    kind, is_whole = _real(picture.data)
    return Shot(picture.content_type, kind, len(picture.data), is_whole)


def _frame(boundary: bytes, body: bytes) -> str:
    """What is wrong with its boundaries, however long the parts are."""
    pieces = parts(body, boundary, len(body))
    wrong = [p.detail for p in pieces if isinstance(p, Refusal)]
    if wrong or not pieces:
        return wrong[0] if wrong else "no part"
    return "" if body.rstrip().endswith(b"--" + boundary + b"--") else "no closing boundary"


def _head(head: bytes) -> bytes:
    return _PROOF.sub(rb"\1 ***", head)


def _masked(text: bytes) -> bytes:
    for pattern, put in _PRIVATE:
        text = pattern.sub(put, text)
    return text


def _shown(head: bytes, texts: list[Part], images: list[Part]) -> bytes:
    body = b"\r\n".join(_masked(p.data) for p in texts)
    pictures = "".join(f"\r\n<{p.content_type or 'image'} {len(p.data)} B>" for p in images).encode()
    return (_head(head) + b"\r\n\r\n" + body)[:MOST_SHOWN] + pictures


def seen(*found: Push | None) -> Iterator[Seen]:
    """How they were written, without proof, person and picture."""
    return (Seen(0, "in", p.shown.decode("utf-8", "replace")) for p in found if p is not None)
