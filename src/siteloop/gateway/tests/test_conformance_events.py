"""The kit for event push: our simulators and our door pass, a device with one fault fails the one case of it."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import event_device
from simulators.event_device import EventDevice
from siteloop.gateway.conformance import digest, events_device, events_push
from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.running import BadQuestion, run
from siteloop.gateway.tests.listening import TOKEN, device, listening, within
from siteloop.gateway.tests.test_conformance import failures, shown
from siteloop.kernel.conformance import PROFILES, Report, Verdict

MARK = pytest.mark.requirement("IOT-03", "IOT-09", "SHR-09", "SHR-25")
HA1 = digest._md5(f"KIT-1:siteloop:{TOKEN}")


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices look and repeat at once, so that the kit need not wait long."""
    monkeypatch.setattr(event_device, "AGAIN_S", 0.05)
    monkeypatch.setattr(event_device, "LOOK_S", 0.02)


async def examined(kind: type[EventDevice], maker: str = "hikvision", **more: Any) -> Report:
    """The report on a simulated camera."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    asking = {"code": "KIT-1", "password": TOKEN, "patience": 5.0, "answer": 0.3, "quiet": 0.2, **more}
    asked = Asked("events", ("127.0.0.1", 0), listens=True, **asking)
    running = asyncio.create_task(run(asked, ready=port.set_result))
    one = kind(("127.0.0.1", await port), "KIT-1", TOKEN, maker, alive_s=0.08, event_s=0.08)
    talking = asyncio.create_task(one.run())
    try:
        return await running
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


ALWAYS = {"request", "proof", "heartbeat", "busy", "error", "denied", "lost", "slow", "refused", "document"}
ALWAYS |= {"content_type", "fields", "times", "stops", "distinct", "limits", "own", "messages"}
SHOWN = {
    "hikvision": {"boundary", "namespace", "picture"},
    "dahua": {"boundary", "picture"},
    "plain": {"picture"},
    "gate": {"namespace", "passage"},
}


@MARK
@pytest.mark.parametrize("maker", SHOWN)
def test_our_cameras_and_our_gate_pass(maker: str) -> None:
    async def test() -> None:
        report = await examined(EventDevice, maker, device="gate" if maker == "gate" else "camera")
        assert failures(report) == {}
        assert shown(report) == ALWAYS | SHOWN[maker], {r.code: r.found for r in report.results}
        assert report.verdict is Verdict.PASS
        assert (report.role, report.code) == ("device", "KIT-1")
        assert TOKEN not in str(report), "no proof is written down"

    within(60, test)


# ---- faulty ones: one fault each


class OtherPath(EventDevice):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.path = "/alarm"


class WrongToken(EventDevice):
    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.proof = httpx.DigestAuth("KIT-1", "guess")


class Silent(EventDevice):
    """No sign of life."""

    async def post(self, client: httpx.AsyncClient, content_type: str, body: bytes) -> int:
        return 200 if b"videoloss" in body else await super().post(client, content_type, body)


class GivesUp(EventDevice):
    """Forgets a push that got this answer."""

    on = 0

    def comes_again(self, status: int) -> bool:
        return status != self.on and super().comes_again(status)


class GivesUpBusy(GivesUp):
    on = 503


class GivesUpError(GivesUp):
    on = 500


class GivesUpDenied(GivesUp):
    on = 401


class GivesUpLost(GivesUp):
    on = 0


class Hasty(EventDevice):
    """Waits a second and a half for an answer."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more, answer_s=1.5)


class Stubborn(EventDevice):
    """Repeats what was refused."""

    def comes_again(self, status: int) -> bool:
        return status == 422 or super().comes_again(status)


class Rewrites(EventDevice):
    """Sends something else than it should."""

    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        raise NotImplementedError

    async def post(self, client: httpx.AsyncClient, content_type: str, body: bytes) -> int:
        return await super().post(client, *self.rewritten(content_type, body))


class SaysText(Rewrites):
    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return ("text/plain" if "xml" in content_type else content_type), body


class NoEnd(Rewrites):
    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return content_type, body.removesuffix(b"--boundary--\r\n")


class NoNamespace(Rewrites):
    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return content_type, body.replace(b"www.isapi.org", b"example.org")


class NoState(Rewrites):
    """Same length, so that the declared one of the part holds."""

    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return content_type, body.replace(b"<eventState>active</eventState>", b" " * 31)


class NoZone(Rewrites):
    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return content_type, body.replace(b"+08:00</dateTime>", b"</dateTime>      ")


class WrongPicture(Rewrites):
    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return content_type, body.replace(b"image/png", b"image/gif")


class Nobody(Rewrites):
    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return content_type, body.replace(b"employeeNoString", b"employee")


class OneNumber(Rewrites):
    """Every event has the number 1."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.words = ("VMD",)

    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        start, end = body.index(b"<activePostCount>") + 17, body.index(b"</activePostCount>")
        return content_type, body[:start] + b"1".rjust(end - start) + body[end:]


class TwoNames(Rewrites):
    """Pushes for another camera, too."""

    def rewritten(self, content_type: str, body: bytes) -> tuple[str, bytes]:
        return content_type, body if b"videoloss" in body else body.replace(b">KIT-1<", b">KIT-2<")


class Before(EventDevice):
    """Does something once, before its third push."""

    pushes = 0

    async def first(self, client: httpx.AsyncClient) -> None:
        raise NotImplementedError

    async def post(self, client: httpx.AsyncClient, content_type: str, body: bytes) -> int:
        self.pushes += 1
        if self.pushes == 3:
            await self.first(client)
        return await super().post(client, content_type, body)


class Babbler(Before):
    async def first(self, client: httpx.AsyncClient) -> None:
        await EventDevice.post(self, client, "text/plain", b"not an event")


class Heavy(Before):
    async def first(self, client: httpx.AsyncClient) -> None:
        kind, body = self.camera.hikvision("VMD", time.time_ns() // 1000)
        image = b"\xff\xd8\xff" + bytes(7 << 20) + b"\xff\xd9"
        part = f"--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: {len(image)}\r\n\r\n".encode()
        more = (part + image + b"\r\n") * 2 + b"--boundary--\r\n"
        body = body.removesuffix(b"--boundary--\r\n") + more
        while self.comes_again(await EventDevice.post(self, client, kind, body)):
            pass


class Noisy(Before):
    async def first(self, client: httpx.AsyncClient) -> None:
        host, _, port = self.base.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x00\x01 no HTTP\r\n\r\n")
        await reader.read()
        writer.close()


class Repeats(EventDevice):
    """Pushes what was taken once more."""

    async def post(self, client: httpx.AsyncClient, content_type: str, body: bytes) -> int:
        status = await super().post(client, content_type, body)
        if status == 200 and b"videoloss" not in body:
            await super().post(client, content_type, body)
        return status


FAULTS: list[tuple[type[EventDevice], str, dict[str, Any]]] = [
    (OtherPath, "request", {}),
    (WrongToken, "proof", {"patience": 1.0}),
    (Silent, "heartbeat", {"patience": 2.0}),
    (GivesUpBusy, "busy", {"patience": 2.0}),
    (GivesUpError, "error", {"patience": 2.0}),
    (GivesUpDenied, "denied", {"patience": 2.0, "maker": "plain"}),
    (GivesUpLost, "lost", {"patience": 2.0}),
    (Hasty, "slow", {"answer": 20.0}),
    (Stubborn, "refused", {"quiet": 2.0}),
    (SaysText, "content_type", {}),
    (NoEnd, "boundary", {}),
    (Babbler, "document", {}),
    (NoNamespace, "namespace", {}),
    (NoState, "fields", {}),
    (NoZone, "times", {}),
    (WrongPicture, "picture", {"maker": "plain"}),
    (Nobody, "passage", {"maker": "gate"}),
    (Repeats, "stops", {}),
    (OneNumber, "distinct", {}),
    (Heavy, "limits", {}),
    (TwoNames, "own", {}),
    (Noisy, "messages", {}),
]


def test_every_case_has_its_fault() -> None:
    assert {case for _, case, _ in FAULTS} == {c.code for c in events_device.SUITE.cases}


@MARK
@pytest.mark.parametrize(("kind", "case", "told"), FAULTS, ids=[case for _, case, _ in FAULTS])
def test_each_fault_fails_its_case_and_no_other(
    kind: type[EventDevice], case: str, told: dict[str, Any]
) -> None:
    async def test() -> None:
        report = await examined(kind, **told)
        assert set(failures(report)) == {case}, {r.code: (r.verdict, r.found) for r in report.results}

    within(90, test)


def test_a_gate_that_nobody_passes_is_asked_for_it() -> None:
    async def test() -> None:
        report = await examined(EventDevice, "plain", device="gate", patience=1.0)
        assert failures(report) == {"passage": "没有通行事件；测试期间请通行一次"}

    within(60, test)


# ---- our own door


@MARK
@pytest.mark.requirement("SEC-09")
def test_our_door_is_a_sound_platform() -> None:
    async def test() -> None:
        async with listening((device(1, "KIT-1", profile="camera", ha1=HA1),)) as (role, _):
            where = ("127.0.0.1", role.ports["intake"])
            asked = Asked("events", where, listens=False, code="KIT-1", password=TOKEN, answer=20.0)
            report = await run(asked)
            assert failures(report) == {}
            assert report.count(Verdict.NOT_SHOWN) == 0
            assert report.role == "platform"

    within(60, test)


@MARK
def test_a_platform_that_takes_everything_is_found_out() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        for _ in range(size // 65_536):
            await reader.readexactly(65_536)
        await reader.readexactly(size % 65_536)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async def test() -> None:
        server = await asyncio.start_server(swallow, "127.0.0.1", 0)
        where = server.sockets[0].getsockname()[:2]
        report = await run(Asked("events", where, listens=False, code="KIT-1", password=TOKEN, answer=20.0))
        server.close()
        wanted = {"challenge", "wrong_token", "once", "doctype", "malformed", "maker", "large"}
        assert set(failures(report)) == wanted, {r.code: (r.verdict, r.found) for r in report.results}

    within(60, test)


# ---- the kit's own parts


def test_a_platform_is_asked_with_a_token() -> None:
    async def test() -> None:
        with pytest.raises(BadQuestion, match="--password"):
            await run(Asked("events", ("127.0.0.1", 0), listens=False, code="KIT-1"))

    within(5, test)
    assert "events" in PROFILES


def _push(kind: str, body: bytes, more: str = "") -> events_push.Push:
    head = f"POST /api/v1/intake/events/plain HTTP/1.1\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    used, (push,) = events_push.cut(head.encode() + body)
    assert used == len(head) + len(body)
    return push


@pytest.mark.requirement("SEC-06")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (
            "application/json",
            json.dumps({"type": "access", "passage": {"name": 'A"王五', "card": "33048200"}}),
        ),
        (
            "application/xml",
            "<EventNotificationAlert><name>王五</name><cardNo>33048200</cardNo></EventNotificationAlert>",
        ),
        ("text/plain", "Events[0].CardName=王五\r\nEvents[0].CardNo=33048200\r\n"),
        ("application/json", json.dumps({"type": "fire", "picture": "33048200" * 400})),
    ],
)
def test_no_person_no_picture_and_no_proof_is_written_down(kind: str, body: str) -> None:
    push = _push(kind, body.encode(), "Authorization: Basic S0lULTE6c2VjcmV0\r\n")
    for secret in ("王五", "33048200", "S0lULTE6c2VjcmV0", r"\u738b"):
        assert secret not in push.shown.decode()
    assert "***" in push.shown.decode()
    assert "王五" not in repr(push.events)


def test_what_is_longer_than_is_held_is_known_by_its_head() -> None:
    head = b"POST /api/v1/intake/events/plain HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"
    used, (push,) = events_push.cut(head + b"x" * 100)
    assert (used, push.is_over, push.size) == (len(head) + 100, True, 99_999_999)


WORDS = [
    "Digest ",
    "Basic ",
    "Bearer ",
    'username="C"',
    "nonce=",
    '"',
    ",",
    "=",
    ":",
    "\\",
    "C",
    "t",
    "é",
    "Qzp0",
]


@given(st.lists(st.sampled_from(WORDS), max_size=9).map("".join))
def test_any_header_is_a_proof_or_none(header: str) -> None:
    proof = digest.read(header)
    fault = digest.Asker().fault(proof, "POST", "/", "C", "t")
    assert fault or proof.token == "t"


def test_a_digest_is_asked_and_proven_by_the_two_sides_of_the_kit() -> None:
    asker = digest.Asker()
    proof = digest.read(digest.prove(asker.ways()[0], "C", "t", "POST", "/p"))
    assert asker.fault(proof, "POST", "/other", "C", "t").startswith("Digest 的 uri")
    assert asker.fault(proof, "POST", "/p", "C", "other") == "Digest 的 response 不符"
    assert asker.fault(proof, "POST", "/p", "D", "t") == "编码 C"
    assert asker.fault(proof, "POST", "/p", "C", "t") == ""
    assert "nc 重复" in asker.fault(proof, "POST", "/p", "C", "t")
