"""Tokens that change while devices talk, and the doors with TLS, with real clients."""

import asyncio
import json
import ssl
import time
from pathlib import Path

import aiomqtt
import httpx
import msgspec
import pytest

from siteloop.gateway.listeners import proof
from siteloop.gateway.tests import certificates
from siteloop.gateway.tests.listening import TOKEN, device, frame, listening, settled, within
from siteloop.gateway.tls import BadCertificate, Certificate
from siteloop.kernel.registry import DeviceEntry, Registry
from siteloop.kernel.times import HOUR, SECOND

NEW = "a-newer-device-token"
READING = json.dumps({"pm25": 80.5})
MARK = pytest.mark.requirement("SEC-09")


def _rotated(grace_us: int) -> DeviceEntry:
    old = device(4, "D4")
    return msgspec.structs.replace(
        old,
        token_hash=proof.digest(NEW),
        token_hash_before=old.token_hash,
        before_until_us=time.time_ns() // 1000 + grace_us,
    )


@MARK
def test_the_old_token_is_good_until_its_time_is_over() -> None:
    entry, now = _rotated(HOUR), time.time_ns() // 1000
    assert proof.by_token(entry, NEW, now)
    assert proof.by_token(entry, TOKEN, now)
    assert not proof.by_token(entry, TOKEN, now + HOUR + SECOND)
    assert not proof.by_token(entry, "guess", now)
    assert not proof.by_token(None, TOKEN, now)


def test_a_device_without_a_token_is_proven_by_nothing() -> None:
    bare = msgspec.structs.replace(device(4, "D4"), token_hash="")
    assert not proof.by_token(bare, "", time.time_ns() // 1000)
    late = msgspec.structs.replace(bare, before_until_us=2**62)
    assert not proof.by_token(late, "", time.time_ns() // 1000)


@MARK
def test_a_rotation_does_not_cut_a_device_off_until_the_grace_is_over() -> None:
    async def test() -> None:
        async with listening() as (role, bus):
            port = role.ports["mqtt"]
            async with aiomqtt.Client("127.0.0.1", port, username="D4", password=TOKEN, timeout=2) as client:
                role.registry.use(Registry(2, (_rotated(HOUR),), ()))
                await client.publish("siteloop/dust/D4", READING, qos=1)
                assert bus.rows == 1
                role.registry.use(Registry(3, (_rotated(-SECOND),), ()))
                with pytest.raises(aiomqtt.MqttError):
                    async for _message in client.messages:
                        pass
            async with aiomqtt.Client("127.0.0.1", port, username="D4", password=NEW, timeout=2) as client:
                await client.publish("siteloop/dust/D4", json.dumps({"pm25": 81}), qos=1)
            assert bus.rows == 2

    within(20, test)


@MARK
def test_an_expired_token_is_put_out_without_a_new_registry() -> None:
    async def test() -> None:
        async with listening() as (role, _):
            port = role.ports["mqtt"]
            role.registry.use(Registry(2, (_rotated(HOUR),), ()))
            async with aiomqtt.Client("127.0.0.1", port, username="D4", password=TOKEN, timeout=2) as client:
                role.registry.by_number[4] = _rotated(-SECOND)
                role.mqtt.sweep()
                with pytest.raises(aiomqtt.MqttError):
                    async for _message in client.messages:
                        pass

    within(20, test)


# ---- TLS


@MARK
def test_every_door_speaks_tls(tmp_path: Path) -> None:
    chain, key = certificates.make(tmp_path)
    trust = certificates.trusting(chain)

    async def test() -> None:
        async with listening(tls=(chain, key)) as (role, bus):
            async with aiomqtt.Client(
                "127.0.0.1", role.ports["mqtt_tls"], username="D4", password=TOKEN, tls_context=trust
            ) as client:
                await client.publish("siteloop/dust/D4", READING, qos=1)
            async with httpx.AsyncClient(verify=trust) as web:
                answer = await web.post(
                    f"https://127.0.0.1:{role.ports['intake_tls']}/api/v1/intake/dust",
                    json={"pm25": 7},
                    headers={"Authorization": f"Bearer D4:{TOKEN}"},
                )
            assert answer.status_code == 202
            reader, writer = await asyncio.open_connection("127.0.0.1", role.ports["hj212_tls"], ssl=trust)
            writer.write(frame("a34004-Rtd=36.0,a34004-Flag=N"))
            assert b"CN=9014" in await reader.readuntil(b"\r\n")
            writer.close()
            assert bus.rows == 3

    within(30, test)


@MARK
def test_a_stranger_s_certificate_is_not_trusted_and_plain_text_is_not_spoken(tmp_path: Path) -> None:
    chain, key = certificates.make(tmp_path / "ours")
    other, _ = certificates.make(tmp_path / "theirs")

    async def test() -> None:
        async with listening(tls=(chain, key)) as (role, bus):
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection(
                    "127.0.0.1", role.ports["hj212_tls"], ssl=certificates.trusting(other)
                )
            reader, writer = await asyncio.open_connection("127.0.0.1", role.ports["hj212_tls"])
            writer.write(frame("a34004-Rtd=36.0,a34004-Flag=N"))
            assert b"9014" not in await reader.read()
            writer.close()
            await settled(role)
            assert bus.rows == 0

    within(20, test)


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    chain, key = certificates.make(tmp_path)
    used = Certificate(chain, key)
    assert not used.refresh()
    certificates.make(tmp_path, "renewed")
    used._seen = (0.0, 0.0)  # whatever the clock's resolution
    assert used.refresh()
    key.write_text("no key")
    used._seen = (0.0, 0.0)
    with pytest.raises(BadCertificate, match="不能使用"):
        used.refresh()


def test_tls_without_a_certificate_does_not_start() -> None:
    async def test() -> None:
        with pytest.raises(BadCertificate, match="证书与私钥"):
            async with listening(tls=(None, None)):
                pass

    within(20, test)
