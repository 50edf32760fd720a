"""The door of cameras and gates with real clients: digest, basic, bearer; durable with pictures before 2xx; every refusal told."""

import asyncio
import hashlib
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.camera import PICTURE, Camera
from siteloop.gateway.listeners.role import ListenerRole
from siteloop.gateway.quarantine.reparse import judge
from siteloop.gateway.storing.occurrences import picture_path
from siteloop.gateway.tests.listening import TOKEN, device, listening, settled, within
from siteloop.kernel.occurrence import Occurrence, masked
from siteloop.kernel.times import DAY, HOUR, SECOND

HA1 = hashlib.md5(f"CAM-1:siteloop:{TOKEN}".encode()).hexdigest()  # noqa: S324 - what RFC 7616 prescribes
DEVICES = (
    device(1, "CAM-1", profile="camera", ha1=HA1),
    device(2, "GATE-1", profile="gate"),
    device(3, "OFF", profile="camera", enabled=False),
    device(4, "D4"),
    device(5, "CAM-5", profile="camera", quirks=("unverified_event_types",)),
)
CAMERA, GATE = Camera("CAM-1"), Camera("GATE-1")
pytestmark = pytest.mark.requirement("IOT-09")


def now() -> int:
    return time.time_ns() // 1000


async def push(
    role: ListenerRole, pushed: tuple[str, bytes], auth: Any = ("CAM-1", TOKEN), maker: str = "hikvision"
) -> httpx.Response:
    kind, body = pushed
    async with httpx.AsyncClient() as client:
        return await client.post(
            f"http://127.0.0.1:{role.ports['intake']}/api/v1/intake/events/{maker}",
            content=body,
            headers={"Content-Type": kind},
            auth=auth,
        )


def events(bus: Any) -> list[Occurrence]:
    return [e for b in bus.blocks for e in b.events]


@pytest.mark.parametrize(
    "auth", [("CAM-1", TOKEN), httpx.DigestAuth("CAM-1", TOKEN)], ids=["basic", "digest"]
)
def test_an_event_and_its_picture_are_on_disk_before_the_camera_hears_so(auth: Any) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            bus.hold()
            at = now() // SECOND * SECOND
            sending = asyncio.create_task(push(role, CAMERA.hikvision("fielddetection", at), auth))
            await bus.asked.wait()
            done, _ = await asyncio.wait([sending], timeout=0.1)
            assert not done
            bus.release()
            answer = await sending
            assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "errors": []})
            (event,) = events(bus)
            assert (event.device, event.at, event.kind, event.code) == (1, at, "intrusion", "fielddetection")
            (kept,) = event.pictures
            path = picture_path(role.settings.data / "pictures", kept.sha256)
            assert path.read_bytes() == PICTURE
            assert (kept.content_type, kept.size) == ("image/jpeg", len(PICTURE))
            assert sum(b.received for b in bus.blocks) == 1, "the first step of digest counts as nothing"

    within(20, test)


@pytest.mark.requirement("SEC-09")
def test_a_digest_is_good_once_and_for_its_own_path_only() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            kind, body = CAMERA.hikvision("linedetection", now())
            url = f"http://127.0.0.1:{role.ports['intake']}/api/v1/intake/events/"
            sent: list[str] = []

            async def note(request: httpx.Request) -> None:
                if "authorization" in request.headers:
                    sent.append(request.headers["authorization"])

            headers = {"Content-Type": kind}
            async with httpx.AsyncClient(event_hooks={"request": [note]}) as client:
                auth = httpx.DigestAuth("CAM-1", TOKEN)
                good = await client.post(url + "hikvision", content=body, headers=headers, auth=auth)
                assert good.status_code == 200
                again = await client.post(
                    url + "hikvision", content=body, headers={**headers, "Authorization": sent[0]}
                )
                assert again.status_code == 401
                assert "stale=true" in again.headers["www-authenticate"]
                other = await client.post(
                    url + "dahua", content=body, headers={**headers, "Authorization": sent[0]}
                )
                assert other.status_code == 401
            wrong = await push(role, (kind, body), httpx.DigestAuth("CAM-1", "guess"))
            assert wrong.status_code == 401
            await settled(role)
            assert len(events(bus)) == 1
            assert bus.reasons == ["wrong_password", "wrong_password"]

    within(20, test)


@pytest.mark.requirement("SEC-09")
@pytest.mark.parametrize("told", ["Digest =", 'Digest username=, nonce="', "Digest", "Basic é", "Bearer", ""])
def test_a_proof_that_is_none_is_a_401(told: str) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus), httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{role.ports['intake']}/api/v1/intake/events/plain"
            headers = {"Authorization": told.encode("latin-1")}
            answer = await client.post(url, content=b"{}", headers=headers)
            assert answer.status_code == 401
            assert bus.reasons == []

    within(20, test)


def test_every_maker_is_read() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            assert (await push(role, CAMERA.dahua("SmokeDetection", now()), maker="dahua")).status_code == 200
            assert (await push(role, CAMERA.plain("no_helmet", now()), maker="plain")).status_code == 200
            gate = await push(role, GATE.hikvision_gate("7", now()), ("GATE-1", TOKEN))
            assert gate.status_code == 200
            found = events(bus)
            assert [e.maker for e in found] == ["dahua", "plain", "hikvision"]
            assert [e.kind for e in found] == ["smoke", "no_helmet", "access"]
            assert (found[2].person, found[2].direction, found[2].means) == ("7", "in", "face")
            assert [len(e.pictures) for e in found] == [1, 1, 0]

    within(20, test)


@pytest.mark.requirement("SEC-06")
def test_names_and_cards_do_not_leave_the_door() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            body = (
                b'{"type": "access", "passage": {"person": "17", "name": "\xe5\xbc\xa0\xe4\xb8\x89\xe4\xb8\xb0",'
                b' "card": "3304820001", "direction": "out", "accepted": true}}'
            )
            answer = await push(role, ("application/json", body), ("GATE-1", TOKEN), "plain")
            assert answer.status_code == 200
            (event,) = events(bus)
            assert (event.person, event.person_name, event.card) == ("17", "张**", "******0001")
            assert "3304820001" not in str(bus.blocks)
            assert "张三丰" not in str(bus.blocks)

    within(20, test)


def test_a_short_secret_is_hidden_whole() -> None:
    assert (masked("张"), masked("张三"), masked("123", 0, 4), masked("")) == ("*", "张*", "***", "")


def test_a_sign_of_life_is_a_reading_and_no_event() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            _, body = CAMERA.hikvision("videoloss", now())
            xml = body[body.index(b"<?xml") : body.index(b"</EventNotificationAlert>")]
            alive = xml.replace(b">active<", b">inactive<") + b"</EventNotificationAlert>"
            assert (await push(role, ("application/xml", alive))).status_code == 200
            assert (bus.rows, events(bus)) == (1, [])
            assert bus.blocks[0].profile == "camera"

    within(20, test)


@pytest.mark.parametrize(
    ("pushed", "auth", "maker", "status", "reason"),
    [
        (CAMERA.plain("no_helmet", now()), ("CAM-1", "guess"), "plain", 401, "wrong_password"),
        (CAMERA.plain("no_helmet", now()), ("NOBODY-1", TOKEN), "plain", 401, "unknown_device"),
        (CAMERA.plain("no_helmet", now()), None, "plain", 401, None),
        (CAMERA.plain("no_helmet", now()), ("OFF", TOKEN), "plain", 403, "device_disabled"),
        (CAMERA.plain("no_helmet", now()), ("D4", TOKEN), "plain", 403, "unsupported"),
        (CAMERA.plain("no_helmet", now()), ("CAM-1", TOKEN), "nobody", 404, None),
        (CAMERA.plain("no_such_kind", now()), ("CAM-1", TOKEN), "plain", 422, "wrong_type"),
        (("application/xml", b"<!DOCTYPE a><a/>"), ("CAM-1", TOKEN), "hikvision", 422, "malformed"),
        (CAMERA.plain("no_helmet", now() + 2 * HOUR), ("CAM-1", TOKEN), "plain", 422, "in_the_future"),
        (CAMERA.plain("no_helmet", now() - 60 * DAY), ("CAM-1", TOKEN), "plain", 422, "too_old"),
        (("image/jpeg", b"x" * (13 << 20)), ("CAM-1", TOKEN), "plain", 413, "wrong_length"),
    ],
)
def test_each_refusal_says_why_and_is_counted(
    pushed: tuple[str, bytes], auth: Any, maker: str, status: int, reason: str | None
) -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            answer = await push(role, pushed, auth, maker)
            assert answer.status_code == status, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            await settled(role)
            assert bus.reasons == ([reason] if reason else [])
            assert events(bus) == []
            if status == 401:
                ways = answer.headers.get_list("www-authenticate")
                assert [w.split()[0] for w in ways] == ["Digest", "Basic"]

    within(30, test)


def test_what_is_no_picture_is_not_kept() -> None:
    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            script = b"<script>alert(1)</script>"
            answer = await push(role, CAMERA.plain("fire", now(), script), maker="plain")
            assert answer.status_code == 200
            (event,) = events(bus)
            assert event.pictures == ()
            name = hashlib.sha256(script).hexdigest()
            assert not picture_path(Path(role.settings.data) / "pictures", name).exists()

    within(20, test)


def test_a_full_disk_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("siteloop.gateway.listeners.events.keep_pictures", full)

    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            answer = await push(role, CAMERA.plain("fire", now()), maker="plain")
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
            assert events(bus) == []

    within(20, test)


def test_a_refused_push_is_explained_and_never_released() -> None:
    late = CAMERA.hikvision("fielddetection", now() - 60 * DAY)[1]
    told = judge(late, "events", now(), lambda _: None, DEVICES[0])
    assert {c.code: c.ok for c in told.explanation.checks} == {"identity": True, "event": True, "time": False}
    assert (told.explanation.reason, told.rows) == ("too_old", ())
    broken = judge(b"<!DOCTYPE a><a/>", "events", now(), lambda _: None, DEVICES[0])
    assert broken.explanation.reason == "malformed"
    stranger = judge(CAMERA.plain("fire", now())[1], "events", now(), lambda _: None, None)
    assert (stranger.explanation.reason, stranger.rows) == ("wrong_password", ())


@pytest.mark.requirement("SEC-06")
@pytest.mark.parametrize("who", [("GATE-1", "guess"), ("NOBODY", TOKEN), ("D4", TOKEN), ("OFF", TOKEN)])
def test_a_refused_passage_keeps_nobodys_name(who: tuple[str, str]) -> None:
    """What is refused lies in quarantine for people to look at: a gate whose token ran out pushes persons all the same."""

    async def test() -> None:
        async with listening(DEVICES) as (role, bus):
            for kind, body in (
                ("application/xml", "<EventNotificationAlert><name>王小五</name><cardNo>33048219</cardNo>"),
                ("application/json", '{"AccessControllerEvent": {"name": "王小五", "cardNo": "33048219'),
                ("application/json", '{"passage": {"name": "\\u738b", "card": 33048219}}'),
                ("text/plain", "Events[0].CardName=王小五\r\nEvents[0].CardNo=33048219\r\n"),
            ):
                assert (await push(role, (kind, body.encode()), who)).status_code in (401, 403)
            await settled(role)
            kept = [r.raw for b in bus.blocks for r in b.rejects]
            assert len(kept) == 4 and all(b"***" in raw for raw in kept)
            for secret in ("王小五".encode(), b"33048219", b"738b"):
                assert not any(secret in raw for raw in kept)

    within(20, test)
