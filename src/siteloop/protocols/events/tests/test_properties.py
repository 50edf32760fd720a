"""Properties of event push: streams in any pieces, arbitrary bodies, arbitrary trees."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.reasons import Reason
from siteloop.protocols.events import dahua, hikvision, multipart
from siteloop.protocols.events.event import Event, NoEvent
from siteloop.protocols.events.multipart import Multipart, Part
from siteloop.protocols.events.reading import Stream, pushed
from siteloop.protocols.events.tests.samples import DAHUA_GATE, DAHUA_PLATE, NOW, body_of
from siteloop.protocols.framing import Refusal

_texts = st.sampled_from([b"Heartbeat", DAHUA_PLATE, DAHUA_GATE])
_images = st.binary(min_size=0, max_size=200).map(lambda b: b"\xff\xd8\xff" + b)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(_texts, st.lists(_images, max_size=3)), max_size=5),
    st.lists(st.integers(1, 300), min_size=1, max_size=30),
)
def test_streams_in_any_pieces_give_the_same_events(
    said: list[tuple[bytes, list[bytes]]], steps: list[int]
) -> None:
    parts = [
        p
        for text, images in said
        for p in [("text/plain", text, True), *[("image/jpeg", i, True) for i in images]]
    ]
    body = body_of(parts, "b", closing=False)
    stream, found, at, turn = Stream(b"b"), [], 0, 0
    while at < len(body):
        step = steps[turn % len(steps)]
        found += stream.feed(body[at : at + step], NOW)
        at, turn = at + step, turn + 1
    found += stream.flush()
    assert [[p.data for p in e.pictures] for e in found if isinstance(e, Event)] == [
        images for _, images in said
    ]
    assert len(found) == len(said)


_false_heads = st.builds(
    lambda head, rest: b"--b\r\n" + head + rest,
    st.one_of(
        st.sampled_from([b"", b"Content-Type: text/plain", b"Content-Type: image/jpeg\r\n\r\n"]),
        st.one_of(st.integers(0, 900), st.integers(0, 10**15)).map(
            lambda size: b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % size
        ),
    ),
    st.one_of(
        st.just(b""), st.sampled_from([DAHUA_GATE[:40], b"\xff\xd8\xff\r\n--b\r\n the boundary", b"\r\n"])
    ),
)


@pytest.mark.requirement("IOT-02")
@settings(max_examples=300)
@given(_false_heads, st.lists(st.sampled_from([DAHUA_PLATE, DAHUA_GATE]), min_size=1, max_size=3), st.data())
def test_a_false_length_takes_no_part_behind_it_with_it(
    false: bytes, texts: list[bytes], data: st.DataObject
) -> None:
    """In one body, and in a stream in any pieces."""
    body = false + b"\r\n" + body_of([("text/plain", text, True) for text in texts], "b")
    whole = [p.data for p in multipart.parts(body, b"b") if isinstance(p, Part)]
    assert whole[-len(texts) :] == texts
    cutter, found, at = Multipart(b"b"), [], 0
    while at < len(body):
        step = data.draw(st.integers(1, 200))
        found += [p.data for p in cutter.feed(body[at : at + step]) if isinstance(p, Part)]
        at += step
    assert found[-len(texts) :] == texts


@settings(max_examples=300)
@given(
    st.sampled_from(["application/xml", "application/json", "text/plain", "multipart/mixed; boundary=b"]),
    st.binary(max_size=600),
)
def test_arbitrary_bodies_raise_nothing(content_type: str, body: bytes) -> None:
    for one in pushed(content_type, body, NOW):
        assert isinstance(one, Event | Refusal)


@settings(max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.sampled_from([b"--b", b"\r\n", b"\r\n\r\n", b"Content-Length: 9", b"--"]),
        )
    )
)
def test_arbitrary_streams_raise_nothing_and_hold_little(pieces: list[bytes]) -> None:
    cutter = Multipart(b"b", most_part=500)
    for piece in pieces:
        cutter.feed(piece)
        assert cutter.held <= 500 + multipart.MOST_HEAD + 200


_json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda c: st.lists(c, max_size=4) | st.dictionaries(st.text(max_size=8), c, max_size=4),
    max_leaves=20,
)
_fields = st.sampled_from(
    [
        "EventNotificationAlert",
        "eventType",
        "dateTime",
        "AccessControllerEvent",
        "ANPR",
        "DetectionRegionList",
    ]
)


@settings(max_examples=200)
@given(st.dictionaries(_fields | st.text(max_size=8), _json_values, max_size=6))
def test_any_tree_is_an_event_or_none(body: dict[str, object]) -> None:
    for read in (hikvision.event, lambda b: dahua.from_tree(b, NOW)):
        try:
            read(body)
        except NoEvent as no:
            assert no.reason in (Reason.MALFORMED, Reason.WRONG_TYPE)
