"""Any bytes and any JSON: a codec reads, refuses with its own word, or waits for more; never another exception, never much kept.

The frame codecs have their own properties beside them (hj212, jt808, lifting, weighbridge, modbus, events); here are MQTT and JSON.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.protocols.json_profile import reading
from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import BadPacket, Packet, Type
from siteloop.protocols.rows import NoReading

NOW = 1_790_000_000_000_000
FIELDS = sorted({f.name for p in PROFILES.values() for f in p.fields})


def _read(packet: Packet) -> None:
    """As the listener reads a packet of its kind."""
    if packet.type == Type.CONNECT:
        packets.read_connect(packet)
    elif packet.type == Type.PUBLISH:
        packets.read_publish(packet)
    elif packet.type in (Type.SUBSCRIBE, Type.UNSUBSCRIBE):
        packets.read_subscribe(packet)


@given(st.binary(max_size=600))
@settings(max_examples=400)
def test_any_bytes_are_packets_bad_or_too_short(data: bytes) -> None:
    try:
        used, found = packets.cut(data, 4096)
    except BadPacket:
        return
    assert 0 <= used <= len(data)
    # what is left is one packet that has begun: no longer than its own length field allows
    assert len(data) - used <= 4096 + 5
    for packet in found:
        try:
            _read(packet)
        except BadPacket:
            continue


@given(st.sampled_from(list(Type)), st.integers(0, 15), st.binary(max_size=200))
def test_any_body_of_any_packet_is_read_or_refused(kind: Type, flags: int, body: bytes) -> None:
    used, (packet,) = packets.cut(packets.build(kind, body, flags))
    assert used == len(packets.build(kind, body, flags))
    try:
        _read(packet)
    except BadPacket:
        return


@given(st.text(max_size=40), st.binary(max_size=400), st.integers(1, 0xFFFF), st.data())
def test_a_publication_arrives_however_it_is_cut(
    topic: str, payload: bytes, number: int, data: st.DataObject
) -> None:
    sent = packets.publish(topic, payload, number)
    buffer, found = bytearray(), []
    at = 0
    while at < len(sent):
        step = data.draw(st.integers(1, len(sent) - at))
        buffer += sent[at : at + step]
        at += step
        used, whole = packets.cut(buffer)
        del buffer[:used]
        found += whole
    (packet,) = found
    assert not buffer
    try:
        read = packets.read_publish(packet)
    except BadPacket:
        assert not topic or "\x00" in topic or any(c in topic for c in "#+")
        return
    assert (read.topic, read.payload) == (topic, payload)


@pytest.mark.parametrize("size", [packets.LARGEST + 1, 268_435_455])
def test_a_giant_length_is_refused_at_its_first_bytes(size: int) -> None:
    length, rest = bytearray(), size
    while True:
        rest, digit = divmod(rest, 128)
        length.append(digit | (0x80 if rest else 0))
        if not rest:
            break
    with pytest.raises(BadPacket):
        packets.cut(b"\x30" + bytes(length))


_json: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2026-03-04T05:06:07+08:00", "1e400", "NaN", "0x10", "２３"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_keys = st.sampled_from([*FIELDS, "at", "kind", "flags", "values"]) | st.text(max_size=6)


@given(
    st.one_of(_json, st.dictionaries(_keys, _json, max_size=8)),
    st.sampled_from(sorted(PROFILES)),
    st.dictionaries(st.sampled_from(FIELDS), st.floats(0.001, 1000), max_size=3),
)
@settings(max_examples=600)
def test_any_json_is_a_row_or_refused(item: Any, profile: str, scale: dict[str, float]) -> None:
    try:
        row = reading(item, profile, scale, NOW)
    except NoReading:
        return
    fields = PROFILES[profile].fields
    assert len(row.values) == len(row.quality) == len(fields)
    stored = np.array(row.values, np.float32)
    for i, quality in enumerate(row.quality):
        assert int(quality) in set(map(int, Quality))
        if int(quality) == Quality.NORMAL:
            assert math.isfinite(stored[i]), "what counts as normal fits its column"
    assert isinstance(row.at, int)
    assert -(2**63) <= row.at < 2**63
