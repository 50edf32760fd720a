"""From what comes over HTTP to events: one pushed body, or a stream a device keeps open."""

from collections.abc import Collection

import msgspec

from siteloop.kernel.reasons import Reason
from siteloop.protocols.events import dahua, hikvision, plain
from siteloop.protocols.events.event import Event, NoEvent, Picture, picture
from siteloop.protocols.events.multipart import Multipart, Part, boundary_of, parts
from siteloop.protocols.events.tree import from_json, from_xml
from siteloop.protocols.framing import Refusal

MOST_PICTURES = 8
IMAGE = "image/"
#: what parts without a content type begin with
JPEG = b"\xff\xd8\xff"


def _events(content_type: str, data: bytes, now_us: int, quirks: Collection[str]) -> list[Event]:
    """The events of one text. Raises NoEvent."""
    start = data.lstrip()[:1]
    if "xml" in content_type or start == b"<":
        return [hikvision.event(from_xml(data), quirks)]
    if "json" in content_type or start == b"{":
        if len(data) > plain.MOST_BODY:
            raise NoEvent(Reason.LENGTH, f"{len(data)} bytes")
        return _from_json(data, now_us, quirks)
    return dahua.events(data, now_us, quirks)


def _from_json(data: bytes, now_us: int, quirks: Collection[str]) -> list[Event]:
    if b'"type"' in data:  # ours; it may carry a picture and be long
        try:
            return [plain.event(data, now_us)]
        except NoEvent as no:
            ours = no
    else:
        ours = NoEvent(Reason.UNSUPPORTED, "no event of a maker we know")
    try:
        tree = from_json(data)
    except NoEvent as no:
        raise (ours if ours.reason is not Reason.UNSUPPORTED else no) from no
    if hikvision.is_it(tree):
        return [hikvision.event(tree, quirks)]
    if dahua.is_it(tree):
        return dahua.from_tree(tree, now_us, quirks)
    raise ours


def _image_of(part: Part) -> Picture | None:
    if part.content_type.startswith(IMAGE) or (not part.content_type and part.data.startswith(JPEG)):
        return picture(part.content_type or "image/jpeg", part.data, part.name)
    return None


def with_pictures(event: Event, found: list[Picture]) -> Event:
    """The event with pictures that came behind it, at most eight."""
    return msgspec.structs.replace(event, pictures=(*event.pictures, *found)[:MOST_PICTURES])


def pushed(
    content_type: str, body: bytes, now_us: int, quirks: Collection[str] = ()
) -> list[Event | Refusal]:
    """The events of one pushed HTTP body. Pictures belong to the event in front of them; those in front of all, to the first."""
    boundary = boundary_of(content_type) if "multipart" in content_type.lower() else b""
    if not boundary:
        try:
            return list(_events(content_type.lower(), body, now_us, quirks))
        except NoEvent as no:
            return [Refusal(no.reason, body, no.detail)]
    stream = Stream(boundary, quirks)
    found = [e for part in parts(body, boundary) for e in stream.take(part, now_us)]
    return found + stream.flush()


class Stream:
    """An open stream of parts. An event waits for its pictures until the next text, or until `flush` (nothing more came)."""

    def __init__(self, boundary: bytes, quirks: Collection[str] = ()) -> None:
        self._cutter = Multipart(boundary)
        self._quirks = quirks
        self._held: Event | None = None
        self._pictures: list[Picture] = []

    def feed(self, data: bytes, now_us: int) -> list[Event | Refusal]:
        """Take bytes in; the events they complete."""
        return [e for part in self._cutter.feed(data) for e in self.take(part, now_us)]

    def take(self, part: Part | Refusal, now_us: int) -> list[Event | Refusal]:
        """Take one part in."""
        if isinstance(part, Refusal):
            return [part]
        image = _image_of(part)
        if image is not None:
            if len(self._pictures) < MOST_PICTURES:
                self._pictures.append(image)
            return []
        if not part.data.strip():
            return []
        try:
            found = _events(part.content_type, part.data, now_us, self._quirks)
        except NoEvent as no:
            return [Refusal(no.reason, part.data, no.detail)]
        done = self.flush() if self._held else []
        self._held = found.pop()
        return [*done, *found]

    def flush(self) -> list[Event | Refusal]:
        """The event that waits, with the pictures that came; pictures without any event are refused."""
        held, found = self._held, self._pictures
        self._held, self._pictures = None, []
        if held is not None:
            return [with_pictures(held, found)]
        return [Refusal(Reason.UNSUPPORTED, p.data, "a picture without an event") for p in found]
