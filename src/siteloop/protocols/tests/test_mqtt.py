"""MQTT 3.1.1 packets: what is built is read, pieces make the same packets, garbage is a BadPacket and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteloop.protocols.mqtt import packets
from siteloop.protocols.mqtt.packets import BadPacket, Packet, Type

_texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)
_topics = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="+#"), min_size=1, max_size=40
)


@given(_topics, st.binary(max_size=400), st.integers(0, 65_535))
def test_a_publish_is_read_back(topic: str, payload: bytes, number: int) -> None:
    sent = packets.publish(topic, payload, number)
    used, (packet,) = packets.cut(sent + b"\xc0")
    assert used == len(sent)
    found = packets.read_publish(packet)
    assert (found.topic, found.payload, found.qos, found.packet_id) == (
        topic,
        payload,
        1 if number else 0,
        number,
    )


@given(_texts, _texts, _texts, st.integers(0, 65_535))
def test_a_connect_is_read_back(client: str, user: str, password: str, keep_alive: int) -> None:
    _, (packet,) = packets.cut(packets.connect(client, user, password, keep_alive))
    found = packets.read_connect(packet)
    assert (found.level, found.client_id, found.username, found.password, found.keep_alive) == (
        4,
        client,
        user,
        password,
        keep_alive,
    )


def test_a_subscribe_is_read_back() -> None:
    _, (packet,) = packets.cut(packets.subscribe(7, "siteloop/X/command"))
    assert packets.read_subscribe(packet) == (7, ["siteloop/X/command"])


@given(
    st.lists(
        st.builds(packets.publish, _topics, st.binary(max_size=300), st.integers(0, 65_535)), max_size=5
    ),
    st.data(),
)
def test_any_split_gives_the_same_packets(sent: list[bytes], data: st.DataObject) -> None:
    stream, rest, found, at = b"".join(sent), b"", [], 0
    while at < len(stream):
        step = data.draw(st.integers(1, 200))
        rest += stream[at : at + step]
        at += step
        used, pieces = packets.cut(rest)
        rest = rest[used:]
        found += pieces
    assert found == packets.cut(stream)[1]
    assert rest == b""


@given(st.binary(max_size=200))
def test_garbage_is_a_bad_packet_and_nothing_else(junk: bytes) -> None:
    try:
        for packet in packets.cut(junk)[1]:
            for read in (packets.read_connect, packets.read_publish, packets.read_subscribe):
                try:
                    read(packet)
                except BadPacket:
                    continue
    except BadPacket:
        return


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"\x00\x09abc", b"\x00\x01\xff\x00\x01", b"\x00\x00", b"\x00\x01+\x00\x01"]
)
def test_a_broken_publish_is_refused(body: bytes) -> None:
    with pytest.raises(BadPacket):
        packets.read_publish(Packet(Type.PUBLISH, 0x02, body))


def test_a_length_of_five_bytes_is_refused() -> None:
    with pytest.raises(BadPacket):
        packets.cut(b"\x30\xff\xff\xff\xff\x01")


def test_a_packet_too_large_is_refused_before_it_arrives() -> None:
    with pytest.raises(BadPacket):
        packets.cut(b"\x30\xff\xff\x7f", largest=1000)


def test_a_will_of_any_bytes_is_read_over() -> None:
    """3.1.3.3: a will's message is no text."""
    plain = packets.cut(packets.connect("C", "user", "word"))[1][0].body
    at = 12 + 1  # behind protocol name, level, flags, keep-alive and the client's name with its length
    flags = bytes([plain[7] | 0x04])
    will = b"\x00\x04gone" + b"\x00\x03\xff\x00\xfe"
    found = packets.read_connect(Packet(Type.CONNECT, 0, plain[:7] + flags + plain[8:at] + will + plain[at:]))
    assert (found.client_id, found.username, found.password) == ("C", "user", "word")
