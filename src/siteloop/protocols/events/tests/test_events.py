"""Pushed events against messages as published, hand-made multipart bodies, hostile XML and arbitrary bytes."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from siteloop.kernel.quirks import Quirk
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND
from siteloop.protocols.events import dahua, kinds, plain, tree
from siteloop.protocols.events.event import TITLES, Event, Kind, NoEvent
from siteloop.protocols.events.multipart import Multipart, Part, boundary_of
from siteloop.protocols.events.reading import MOST_PICTURES, Stream, pushed
from siteloop.protocols.events.tests.samples import (
    AT,
    DAHUA_GATE,
    DAHUA_PLATE,
    GATE_JSON,
    GATE_XML,
    INTRUSION,
    JPEG,
    NOW,
    body_of,
)
from siteloop.protocols.framing import Refusal


def _one(content_type: str, body: bytes, quirks: tuple[str, ...] = ()) -> Event:
    (found,) = pushed(content_type, body, NOW, quirks)
    assert isinstance(found, Event), found
    return found


def _refused(content_type: str, body: bytes) -> Reason:
    (found,) = pushed(content_type, body, NOW)
    assert isinstance(found, Refusal), found
    return found.reason


# ---- Hikvision


@pytest.mark.requirement("AI-02")
def test_an_intrusion_is_read_with_its_region() -> None:
    found = _one("application/xml; charset=UTF-8", INTRUSION)
    assert (found.kind, found.code, found.maker, found.state) == (
        Kind.INTRUSION,
        "fielddetection",
        "hikvision",
        "active",
    )
    assert (found.at, found.channel, found.device) == (AT, 1, "44:19:b6:00:00:01")
    assert found.region == (((0.1, 0.2), (0.4, 0.2), (0.4, 0.6)),)


@pytest.mark.requirement("LAB-03", "LAB-17")
def test_a_gate_says_who_passed_in_json_and_in_xml() -> None:
    found = _one("application/json", json.dumps(GATE_JSON).encode())
    assert found.kind is Kind.ACCESS
    passage = found.passage
    assert passage is not None
    assert (passage.person, passage.name, passage.direction, passage.means) == (
        "25",
        "张三",
        "in",
        "cardOrFace",
    )
    assert (passage.accepted, passage.door, found.serial, found.is_replay) == (True, 1, "123", False)
    unknown = _one("text/xml", GATE_XML)
    assert unknown.passage is not None
    assert unknown.passage.accepted is None  # 5.37 is no code we know
    assert (unknown.is_replay, unknown.at) == (True, AT)  # no offset: local time


def test_a_code_known_from_memory_counts_only_where_a_device_allows_it() -> None:
    body = json.dumps(GATE_JSON).replace("75", "76").encode()
    assert _one("application/json", body).passage.accepted is None  # type: ignore[union-attr]
    allowed = _one("application/json", body, (Quirk.UNVERIFIED_EVENT_TYPES,))
    assert allowed.passage.accepted is False  # type: ignore[union-attr]
    helmet = INTRUSION.replace(b"fielddetection<", b"hardHatDetection<")
    assert _one("application/xml", helmet).kind is Kind.OTHER
    assert _one("application/xml", helmet, (Quirk.UNVERIFIED_EVENT_TYPES,)).kind is Kind.NO_HELMET


def test_the_sign_of_life_is_no_video_loss() -> None:
    body = INTRUSION.replace(b"<eventType>fielddetection", b"<eventType>videoloss")
    assert _one("application/xml", body).kind is Kind.VIDEO_LOSS
    assert (
        _one("application/xml", body.replace(b"active</eventState>", b"inactive</eventState>")).kind
        is Kind.HEARTBEAT
    )


def test_a_plate_comes_with_its_pictures_and_their_hashes() -> None:
    anpr = b"<ANPR><licensePlate>\xe6\xb5\x99F12345</licensePlate><line>1</line><direction>forward</direction><confidenceLevel>97</confidenceLevel><plateColor>yellow</plateColor><vehicleType>truck</vehicleType></ANPR></EventNotificationAlert>"
    xml = INTRUSION.replace(b"fielddetection<", b"ANPR<").replace(b"</EventNotificationAlert>", anpr)
    body = body_of(
        [("application/xml", xml, True), ("image/jpeg", JPEG, True), ("image/jpeg", b"\xff\xd8\xff2", True)]
    )
    found = _one("multipart/form-data; boundary=boundary", body)
    assert found.plate is not None
    assert (found.plate.number, found.plate.confidence, found.plate.vehicle) == ("浙F12345", 97, "truck")
    assert [p.data for p in found.pictures] == [JPEG, b"\xff\xd8\xff2"]
    assert found.pictures[0].sha256 == hashlib.sha256(JPEG).hexdigest()


def test_an_unescaped_ampersand_is_a_character() -> None:
    body = INTRUSION.replace(b"fielddetection alarm", b"gate A & B &amp; C &#65;")
    assert _one("application/xml", body).description == "gate A & B & C A"


def test_a_gbk_document_is_read() -> None:
    text = INTRUSION.decode().replace("UTF-8", "GB2312").replace("fielddetection alarm", "越界侦测")
    assert _one("application/xml", text.encode("gbk")).description == "越界侦测"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "xx">]>' + INTRUSION.partition(b"?>")[2],
        b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>&undefined;</a>",
        b"<a><b></a>",
        b"<",
    ],
)
def test_entities_and_broken_xml_are_refused(body: bytes) -> None:
    (found,) = pushed("application/xml", body, NOW)
    assert isinstance(found, Refusal)
    assert found.reason is Reason.MALFORMED
    assert ("DOCTYPE" in found.detail) == (b"DOCTYPE" in body)


def test_deep_wide_and_long_documents_are_refused() -> None:
    assert _refused("application/xml", b"<a>" * 40 + b"</a>" * 40) is Reason.LENGTH
    assert _refused("application/xml", b"<a>" + b"<b/>" * 10_001 + b"</a>") is Reason.LENGTH
    assert _refused("application/xml", b"<a>" + b" " * tree.MOST_TEXT + b"</a>") is Reason.LENGTH
    assert _refused("application/json", b"[" * 100_000) in (Reason.MALFORMED, Reason.WRONG_TYPE)


# ---- Dahua


@pytest.mark.requirement("LAB-03")
def test_a_dahua_gate_says_who_passed_at_the_real_time() -> None:
    (found,) = dahua.events(DAHUA_GATE, NOW)
    assert (found.kind, found.channel, found.serial) == (Kind.ACCESS, 1, "77")
    assert found.at == 1_711_203_293 * SECOND
    assert found.passage is not None
    assert (found.passage.person, found.passage.direction, found.passage.means) == ("29559", "in", "face")
    assert (found.passage.accepted, found.passage.name) == (True, "Li Si")


@pytest.mark.requirement("AI-03", "WASH-05")
def test_a_dahua_plate_has_its_box_and_the_device_may_say_that_its_utc_is_local() -> None:
    (found,) = dahua.events(DAHUA_PLATE, NOW)
    assert found.plate is not None
    assert (found.kind, found.plate.number, found.plate.lane, found.channel) == (Kind.PLATE, "浙F12345", 2, 3)
    assert found.region[0][0] == (0.25, 0.5)
    assert found.at == 1_700_000_000 * SECOND + 250_000
    (local,) = dahua.events(DAHUA_PLATE, NOW, (Quirk.DAHUA_UTC_IS_LOCAL,))
    assert found.at - local.at == 8 * 3600 * SECOND


@pytest.mark.parametrize(
    ("text", "kind", "state", "channel"),
    [
        (b"Heartbeat", Kind.HEARTBEAT, "pulse", 0),
        (
            b'Code=VideoMotion;action=Start;index=0;data={"Id":[0],"RegionName":["Region1"]}',
            Kind.MOTION,
            "active",
            1,
        ),
        (b"Code=VideoMotion;action=Stop;index=3;data={broken", Kind.MOTION, "inactive", 4),
        (b"Events[0].Code=TrafficJunction\nEvents[0].UTC=2026-03-04 05:06:07", Kind.PLATE, "pulse", 0),
        (b"Events[0].EventBaseInfo.Code=Whatever", Kind.OTHER, "pulse", 0),
    ],
)
def test_other_forms_of_dahua_text(text: bytes, kind: Kind, state: str, channel: int) -> None:
    (found,) = dahua.events(text, NOW)
    assert (found.kind, found.state, found.channel) == (kind, state, channel)


def test_a_dahua_event_pushed_as_json() -> None:
    body = {
        "Events": [{"EventBaseInfo": {"Code": "SmokeDetection", "Action": "Start", "Index": 0}, "RealUTC": 5}]
    }
    found = _one("application/json", json.dumps(body).encode())
    assert (found.kind, found.state, found.at) == (Kind.SMOKE, "active", 5 * SECOND)


@pytest.mark.parametrize(
    "text", [b"", b"hello", b"Events[0].UTC=1", b"Events[0].Code=X\nEvents[0].UTC=yesterday"]
)
def test_dahua_text_without_an_event_is_malformed(text: bytes) -> None:
    with pytest.raises(NoEvent) as no:
        dahua.events(text, NOW)
    assert no.value.reason is Reason.MALFORMED


# ---- the plain JSON


@pytest.mark.requirement("AI-01")
def test_a_plain_event_with_its_picture() -> None:
    said = {
        "type": "no_helmet",
        "at": "2026-03-04T05:06:07+08:00",
        "device": "CAM-1",
        "channel": 2,
        "serial": "17",
        "region": [[[0.1, 0.2], [0.4, 0.2], [0.4, 0.6]]],
        "picture": base64.b64encode(JPEG).decode(),
    }
    found = _one("application/json", json.dumps(said).encode())
    assert (found.kind, found.at, found.device, found.channel, found.serial) == (
        Kind.NO_HELMET,
        AT,
        "CAM-1",
        2,
        "17",
    )
    assert found.pictures[0].data == JPEG
    assert found.region == (((0.1, 0.2), (0.4, 0.2), (0.4, 0.6)),)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"type": "dragon"}, Reason.WRONG_TYPE),
        ({"type": "fire", "channel": "one"}, Reason.WRONG_TYPE),
        ({"type": "fire", "at": "2026-03-04T05:06:07"}, Reason.WRONG_TYPE),  # no offset
        ({"type": "fire", "region": [[[1.5, 0]]]}, Reason.WRONG_TYPE),
        ({"type": "fire", "picture": "not base64!"}, Reason.WRONG_TYPE),
        ({"kind": "fire"}, Reason.UNSUPPORTED),
    ],
)
def test_a_plain_event_that_is_wrong_is_refused(said: dict[str, object], reason: Reason) -> None:
    assert _refused("application/json", json.dumps(said).encode()) is reason


def test_a_large_picture_is_refused() -> None:
    big = base64.b64encode(bytes(plain.MOST_PICTURE + 1)).decode()
    assert (
        _refused("application/json", json.dumps({"type": "fire", "picture": big}).encode()) is Reason.LENGTH
    )


# ---- streams


def test_an_open_stream_pairs_events_with_the_pictures_behind_them() -> None:
    stream = Stream(b"myboundary")
    body = body_of(
        [
            ("text/plain", b"Heartbeat", True),
            ("text/plain", DAHUA_PLATE, True),
            ("image/jpeg", JPEG, True),
            ("text/plain", b"Heartbeat", True),
        ],
        "myboundary",
        closing=False,
    )
    found = [e for byte in body for e in stream.feed(bytes((byte,)), NOW)] + stream.flush()
    assert [(e.kind, len(e.pictures)) for e in found if isinstance(e, Event)] == [
        (Kind.HEARTBEAT, 0),
        (Kind.PLATE, 1),
        (Kind.HEARTBEAT, 0),
    ]
    assert len(found) == 3


def test_pictures_without_an_event_and_a_flood_of_pictures_are_bounded() -> None:
    stream = Stream(b"b")
    alone = body_of([("image/jpeg", JPEG, True)] * 20, "b", closing=False)
    assert stream.feed(alone, NOW) == []
    refused = stream.flush()
    assert len(refused) == MOST_PICTURES
    assert all(isinstance(r, Refusal) and r.reason is Reason.UNSUPPORTED for r in refused)


def test_a_giant_part_is_passed_over_and_the_next_one_read() -> None:
    cutter = Multipart(b"b", most_part=1000)
    head = b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: 50000\r\n\r\n"
    found = cutter.feed(head)
    for _ in range(50):
        found += cutter.feed(bytes(1000))
        assert cutter.held < 9000
    found += cutter.feed(body_of([("text/plain", b"Heartbeat", True)], "b"))
    assert [type(f) for f in found] == [Refusal, Part]
    assert found[0].reason is Reason.LENGTH  # type: ignore[union-attr]


def test_a_part_without_length_or_end_is_given_up() -> None:
    cutter = Multipart(b"b", most_part=1000)
    found = cutter.feed(b"--b\r\nContent-Type: text/plain\r\n\r\n")
    for _ in range(20):
        found += cutter.feed(b"x" * 500)
        assert cutter.held <= 2000
    assert Reason.LENGTH in [f.reason for f in found if isinstance(f, Refusal)]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("multipart/mixed; boundary=boundary", b"boundary"),
        ('multipart/x-mixed-replace;boundary="--myboundary"', b"myboundary"),
        ("application/json", b""),
    ],
)
def test_the_boundary_of_a_content_type(content_type: str, expected: bytes) -> None:
    assert boundary_of(content_type) == expected


# ---- data


@pytest.mark.parametrize("maker", ["hikvision", "dahua"])
def test_every_word_of_the_tables_has_a_kind_and_a_flag(maker: str) -> None:
    for word, entry in kinds.tables()[maker].items():
        assert entry["flag"] in ("S", "S2", "M"), word
        Kind(entry["kind"])
    assert set(TITLES) == set(Kind)


def test_every_kind_stands_in_the_docs() -> None:
    page = (Path(__file__).parents[5] / "docs" / "protocols" / "events.md").read_text()
    assert [kind for kind in Kind if kind not in page] == []
