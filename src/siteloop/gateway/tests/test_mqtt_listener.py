"""The MQTT port with a real client: sign-in, own topics only, PUBACK after the disk, commands and their results."""

import asyncio
import json

import aiomqtt
import pytest

from siteloop.gateway.listeners import mqtt
from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.tests.listening import TOKEN, listening, settled, within
from siteloop.kernel.registry import Registry
from siteloop.protocols.mqtt import packets

READING = json.dumps({"pm25": 80.5, "pm10": 120})


def _client(role: ListenerRole, code: str = "D4", token: str = TOKEN) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", role.ports["mqtt"], username=code, password=token, timeout=2)


def test_a_reading_is_acknowledged_when_it_is_on_disk() -> None:
    async def test() -> None:
        async with listening() as (role, bus), _client(role) as client:
            bus.hold()
            sending = asyncio.create_task(client.publish("siteloop/dust/D4", READING, qos=1))
            await bus.asked.wait()
            done, _ = await asyncio.wait([sending], timeout=0.1)
            assert not done
            bus.release()
            await sending
            assert bus.rows == 1

    within(20, test)


@pytest.mark.requirement("SEC-09")
@pytest.mark.parametrize(
    ("code", "token", "reason"), [("D4", "guess", "wrong_password"), ("NOBODY", TOKEN, "unknown_device")]
)
def test_who_cannot_prove_itself_is_told_so(code: str, token: str, reason: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            with pytest.raises(aiomqtt.MqttError, match=r"(?i)user name or password"):
                async with _client(role, code, token):
                    pass
            await settled(role)
            assert bus.reasons == [reason]

    within(20, test)


def test_a_switched_off_device_is_not_authorised() -> None:
    async def test() -> None:
        async with listening() as (role, _):
            with pytest.raises(aiomqtt.MqttError, match=r"(?i)not authori"):
                async with _client(role, "OFF"):
                    pass

    within(20, test)


@pytest.mark.parametrize("topic", ["siteloop/dust/OTHER", "siteloop/sprayer/D4", "anything"])
def test_another_topic_ends_the_connection_and_is_counted(topic: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            with pytest.raises(aiomqtt.MqttError):
                async with _client(role) as client:
                    await client.publish(topic, READING, qos=1)
            await settled(role)
            assert bus.reasons == ["unsupported"]
            assert bus.rows == 0

    within(20, test)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("{", "malformed"),
        ("[1]", "wrong_type"),
        ('{"pm25": "80"}', "wrong_type"),
        ('{"pm99": 1}', "wrong_type"),
        ("{}", "no_values"),
        ('{"pm25": 1, "at": "2999-01-01T00:00:00Z"}', "in_the_future"),
        ('{"pm25": 1, "at": 0}', "too_old"),
        ("[" * 100_000, "malformed"),
    ],
)
def test_a_bad_reading_is_counted_and_acknowledged_once(payload: str, reason: str) -> None:
    async def test() -> None:
        async with listening() as (role, bus), _client(role) as client:
            await client.publish("siteloop/dust/D4", payload, qos=1)
            assert bus.reasons == [reason]
            assert bus.rows == 0

    within(20, test)


@pytest.mark.requirement("DUST-06")
def test_a_command_reaches_the_device_and_its_result_comes_back() -> None:
    async def test() -> None:
        async with listening() as (role, _), _client(role, "SPRAY5") as client:
            await client.subscribe("siteloop/SPRAY5/command")
            held = role.presence.connection(5)
            assert isinstance(held, mqtt.MqttConnection)
            held.send_command(
                role.registry.by_number[5], {"id": "c1", "command": "spray_on", "args": {"seconds": 60}}
            )
            message = await anext(aiter(client.messages))
            assert json.loads(bytes(message.payload)) == {
                "id": "c1",
                "command": "spray_on",
                "args": {"seconds": 60},
            }
            await client.publish("siteloop/SPRAY5/result", json.dumps({"id": "c1", "state": "done"}), qos=1)
            assert role.commands._news.get_nowait() == ("c1", "done", {"detail": ""}, [5])

    within(20, test)


def test_a_foreign_command_topic_is_refused() -> None:
    async def test() -> None:
        async with listening() as (role, _), _client(role) as client:
            (code,) = await client.subscribe("siteloop/SPRAY5/command")
            assert int(getattr(code, "value", code)) == 0x80

    within(20, test)


def test_a_device_whose_token_changed_is_put_out() -> None:
    async def test() -> None:
        async with listening() as (role, _), _client(role) as client:
            role.registry.use(Registry(2, (), ()))
            with pytest.raises(aiomqtt.MqttError):
                async for _message in client.messages:
                    pass

    within(20, test)


def test_the_second_connection_of_a_device_ends_the_first() -> None:
    async def test() -> None:
        async with listening() as (role, _), _client(role) as first, _client(role) as second:
            with pytest.raises(aiomqtt.MqttError):
                async for _message in first.messages:
                    pass
            await second.publish("siteloop/dust/D4", READING, qos=1)
            assert role.presence.connection(4) is not None

    within(20, test)


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff\xff",
        packets.build(packets.Type.PINGREQ),
        b"\x30\x05\x00\x01a12",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_mqtt_ends_the_connection(sent: bytes) -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            reader, writer = await asyncio.open_connection("127.0.0.1", role.ports["mqtt"])
            writer.write(sent)
            assert await reader.read() == b""
            writer.close()
            await settled(role)
            assert bus.reasons == ["malformed"]

    within(20, test)


def test_the_silent_are_put_out() -> None:
    async def test() -> None:
        async with listening() as (role, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", role.ports["mqtt"])
            writer.write(packets.connect("c", "D4", TOKEN, keep_alive=10))
            assert await reader.readexactly(4) == packets.connack(packets.Refused.ACCEPTED)
            (held,) = role.mqtt.connections
            held.progress.last -= 14
            role.mqtt.sweep()
            writer.write(packets.build(packets.Type.PINGREQ))
            assert await reader.readexactly(2) == packets.build(packets.Type.PINGRESP)
            held.progress.last -= 16
            role.mqtt.sweep()
            assert await reader.read() == b""
            writer.close()

    within(20, test)
