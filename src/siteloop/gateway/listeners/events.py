"""The door of cameras and gates: `POST /api/v1/intake/events/{maker}` (docs/protocols/events.md).

They prove themselves by HTTP digest, by Basic or by Bearer: user name = device code, password = device token. A 2xx means that every
event it counts is on disk, and its pictures before it. A sign of life is a reading of the device, everything else an event.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import time
from http import HTTPStatus

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from siteloop.gateway.freshness import too_early_or_late
from siteloop.gateway.gathering import HIGH, KEPT_RAW
from siteloop.gateway.listeners import patience, proof
from siteloop.gateway.listeners.json_intake import JsonIntake, RowError
from siteloop.gateway.storing.occurrences import keep_pictures
from siteloop.kernel.block import Kind as RowKind
from siteloop.kernel.occurrence import Kept, Occurrence, masked
from siteloop.kernel.profiles import EVENT_SOURCES
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.kernel.times import SECOND
from siteloop.protocols.events.event import Event, Kind, Picture
from siteloop.protocols.events.private import hidden
from siteloop.protocols.events.reading import pushed
from siteloop.protocols.framing import Refusal

MAKERS = ("hikvision", "dahua", "plain")
LARGEST = 12 << 20
CONFIRM_S = 30
#: only what a browser shows as a picture and nothing else
MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_CLEAN = {i: " " for i in range(32)} | {127: " "}


class EventIntake:
    """The door's own part; `intake` carries the gathering named `events`."""

    def __init__(self, intake: JsonIntake) -> None:
        self.intake, self.digest = intake, proof.Digest()
        self.folder = intake.settings.data / "pictures"

    async def take(self, request: Request) -> Response:
        """One push of one device."""
        peer = f"{request.client.host}:{request.client.port}" if request.client else ""
        if request.path_params["maker"] not in MAKERS:
            return _problem(HTTPStatus.NOT_FOUND, f"没有这种事件来源，可用：{'、'.join(MAKERS)}")
        code, device, is_stale = self._who(request)
        most = LARGEST if device is not None else KEPT_RAW  # of a stranger only what quarantine keeps is held
        body, is_whole, is_late = await self._body(request, most)
        if device is None:
            return self._unproven(request, code, body, peer, is_stale)
        if is_late:
            self._refuse(Reason.LENGTH, "the body did not end in time", body, peer, device)
            return _problem(HTTPStatus.REQUEST_TIMEOUT, "数据未在规定时间内传完，请重发", Reason.LENGTH)
        if not is_whole:
            detail = f"over {LARGEST} bytes, or cut short"
            self._refuse(Reason.LENGTH, detail, body, peer, device)
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "单次推送不得超过 12 MB", Reason.LENGTH)
        if device.profile not in EVENT_SOURCES or not device.enabled:
            reason = Reason.DISABLED if not device.enabled else Reason.UNSUPPORTED
            self._refuse(reason, f"events of profile {device.profile}", body, peer, device)
            words = "设备已停用" if reason is Reason.DISABLED else "该设备不是摄像机或门禁"
            return _problem(HTTPStatus.FORBIDDEN, words, reason)
        if self.intake.gathering.waiting > HIGH:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "接收繁忙，请稍后重发")
        self.intake.presence.heard(device.number, peer)
        try:
            taken, errors = await self._events(request.headers.get("content-type", ""), body, device, peer)
            await asyncio.wait_for(self.intake.gathering.durable(), CONFIRM_S)
        except (OSError, TimeoutError):
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "尚未确认落盘，请重发；重复事件会被识别")
        if errors and not taken:
            return _problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "没有可接收的事件", Reason(errors[0].reason), errors
            )
        return Response(
            msgspec.json.encode({"accepted": taken, "errors": errors}), media_type="application/json"
        )

    def _refuse(self, reason: Reason, detail: str, body: bytes, peer: str, device: DeviceEntry) -> None:
        """Refused bodies are looked at by people: nobody's name stands in them."""
        self.intake.refuse(reason, detail, hidden(body[:KEPT_RAW]), peer, device=device)

    # ---- who

    def _who(self, request: Request) -> tuple[str, DeviceEntry | None, bool]:
        """(code it names, device if proven, its nonce was too old)."""
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        scheme, now = scheme.lower(), time.time_ns() // 1000
        by_code = self.intake.registry.by_code
        if scheme == "digest":
            code = proof.read_digest(told).get("username", "")
            device = by_code.get(code)
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            is_right, is_stale = self.digest.check(told, request.method, path, device, now)
            return code, device if is_right else None, is_stale
        if scheme == "basic":
            try:
                told = base64.b64decode(told, validate=True).decode()
            except (binascii.Error, ValueError):
                return "", None, False
            code, _, token = told.partition(":")
            return code, self.intake.who(code, token), False
        code, _, token = told.strip().rpartition(":")
        is_bearer = scheme in ("bearer", "device")
        return code, self.intake.who(code, token) if is_bearer else None, False

    def _unproven(self, request: Request, code: str, body: bytes, peer: str, is_stale: bool) -> Response:
        """401 with the ways to prove oneself. A first request without any proof is how digest begins: nothing is refused yet."""
        if code and not is_stale:
            self.intake.refuse_stranger(code, hidden(body[:KEPT_RAW]), peer)
        answer = _problem(HTTPStatus.UNAUTHORIZED, "设备编码或令牌不正确", Reason.PASSWORD)
        answer.headers.append("WWW-Authenticate", self.digest.challenge(is_stale))
        answer.headers.append("WWW-Authenticate", f'Basic realm="{proof.REALM}"')
        return answer

    @staticmethod
    async def _body(request: Request, most: int) -> tuple[bytes, bool, bool]:
        """(the body up to `most` bytes, whether that is all of it, whether it took longer than a minute).

        What is too long is read on and thrown away, as cameras want an answer.
        """
        body, dropped = bytearray(), 0
        try:
            async with asyncio.timeout(patience.BODY_S):
                async for part in request.stream():
                    room = max(0, most - len(body))
                    body += part[:room]
                    dropped += len(part) - len(part[:room])
                    if dropped > LARGEST:
                        break
        except ClientDisconnect:
            return bytes(body), False, False
        except TimeoutError:
            return bytes(body), False, True
        return bytes(body), not dropped, False

    # ---- what

    async def _events(
        self, content_type: str, body: bytes, device: DeviceEntry, peer: str
    ) -> tuple[int, tuple[RowError, ...]]:
        now, taken, errors = time.time_ns() // 1000, 0, []
        for place, one in enumerate(pushed(content_type, body, now, device.quirks)):
            late = None
            if isinstance(one, Event):
                is_late = too_early_or_late(
                    one.at, RowKind.REALTIME, now, self.intake.settings, one.is_replay
                )
                late = Refusal(is_late, body, f"off by {(one.at - now) / SECOND:.0f} s") if is_late else None
            refusal = one if isinstance(one, Refusal) else late
            if refusal is not None:
                self._refuse(refusal.reason, refusal.detail, refusal.raw, peer, device)
                errors.append(RowError(place, refusal.reason.value, refusal.detail[:200]))
                continue
            assert isinstance(one, Event), "all others were refused"
            taken += 1
            if one.kind is Kind.HEARTBEAT:
                self.intake.gathering.row(
                    device.profile, device.number, one.at, now, [1.0], b"\0", RowKind.REALTIME, b"", 0
                )
                continue
            pictures = [(p, kind) for p in one.pictures if (kind := _kind_of(p)) is not None]
            if pictures:
                await asyncio.to_thread(keep_pictures, self.folder, [(p.sha256, p.data) for p, _ in pictures])
            self.intake.gathering.occurred(_occurrence(one, device, now, pictures))
        return taken, tuple(errors)


def _kind_of(picture: Picture) -> str | None:
    """By its bytes; None for what is no picture we show."""
    if hashlib.sha256(picture.data).hexdigest() != picture.sha256:
        return None
    return next((kind for magic, kind in MAGIC if picture.data.startswith(magic)), None)


def _occurrence(one: Event, device: DeviceEntry, now: int, pictures: list[tuple[Picture, str]]) -> Occurrence:
    passage, plate = one.passage, one.plate
    return Occurrence(
        device=device.number,
        at=one.at,
        received_at=now,
        maker=one.maker,
        kind=one.kind.value,
        code=one.code[:100].translate(_CLEAN),
        channel=min(max(one.channel, 0), 1_000_000),
        state=one.state[:20].translate(_CLEAN),
        description=one.description[:500].translate(_CLEAN),
        serial=one.serial[:100].translate(_CLEAN),
        is_replay=one.is_replay,
        region=json.dumps(one.region),
        person=passage.person[:40].translate(_CLEAN) if passage else "",
        person_name=masked(passage.name[:40].translate(_CLEAN)) if passage else "",
        card=masked(passage.card[:40].translate(_CLEAN), 0, 4) if passage else "",
        direction=passage.direction[:10].translate(_CLEAN) if passage else "",
        means=passage.means[:40].translate(_CLEAN) if passage else "",
        accepted=passage.accepted if passage else None,
        door=min(max(passage.door, 0), 1_000_000) if passage else 0,
        plate=plate.number[:20].translate(_CLEAN) if plate else "",
        plate_colour=plate.colour[:20].translate(_CLEAN) if plate else "",
        pictures=tuple(Kept(p.sha256, kind, len(p.data)) for p, kind in pictures),
    )


def _problem(
    status: HTTPStatus, title: str, reason: Reason | None = None, errors: tuple[RowError, ...] = ()
) -> Response:
    """RFC 9457."""
    told: dict[str, object] = {"type": "about:blank", "title": title, "status": int(status)}
    if reason is not None:
        told["code"] = reason.value
    if errors:
        told["errors"] = errors
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(msgspec.json.encode(told), int(status), headers, "application/problem+json")
