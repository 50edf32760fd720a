"""HTTP intake: `POST /api/v1/intake/{profile}`; a 2xx means that every reading it counts is on disk.

Authorization: `Bearer <device code>:<token>` (or `Device …`). An array is taken row by row: good rows are
kept, refused ones are told with their place and reason (207 when mixed, 422 when none was good). Sending an upload again is
harmless: device and time are the key.
"""

import asyncio
from http import HTTPStatus

import msgspec
import psycopg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from siteloop.gateway.commands import STATES, Commands, CommandsUnreachable
from siteloop.gateway.gathering import HIGH, KEPT_RAW, Gathering
from siteloop.gateway.listeners import patience
from siteloop.gateway.listeners.events import EventIntake
from siteloop.gateway.listeners.json_intake import JsonIntake, RowError
from siteloop.gateway.listeners.mqtt import Result
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.profiles import POSITION, PROFILES
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry

LARGEST = 1024 * 1024
CONFIRM_S = 30


class Refusal(Exception):
    """An answer that is no 2xx, as RFC 9457 problem details."""

    def __init__(
        self, status: HTTPStatus, title: str, code: str = "", errors: tuple[RowError, ...] = ()
    ) -> None:
        super().__init__(title)
        self.status, self.title, self.code, self.errors = status, title, code, errors

    def response(self) -> Response:
        """As application/problem+json."""
        body: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": int(self.status),
            "code": self.code,
        }
        if self.errors:
            body["errors"] = [msgspec.to_builtins(e) for e in self.errors]
        headers = {"Retry-After": "5"} if self.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="siteloop"'
        return Response(msgspec.json.encode(body), int(self.status), headers, "application/problem+json")


class HttpIntake:
    """The Starlette application of the intake port."""

    def __init__(
        self,
        settings: GatewaySettings,
        registry: RegistrySource,
        gathering: Gathering,
        events: Gathering,
        presence: Presence,
        commands: Commands,
    ) -> None:
        self.intake, self.commands = JsonIntake(settings, registry, gathering, presence), commands
        self.events = EventIntake(JsonIntake(settings, registry, events, presence))
        self.before: list[Route] = []  # routes that go before the port's own

    def app(self) -> Starlette:
        """Routes of the port."""
        return Starlette(
            routes=[
                *self.before,
                Route("/api/v1/intake/commands", self._commands, methods=["GET"]),
                Route("/api/v1/intake/commands/{id}", self._report, methods=["POST"]),
                Route("/api/v1/intake/events/{maker}", self.events.take, methods=["POST"]),
                Route("/api/v1/intake/{profile}", self._readings, methods=["POST"]),
                Route("/healthz", lambda _: Response("ok"), methods=["GET"]),
                Route(
                    "/metrics",
                    lambda _: Response(generate_latest(), media_type=CONTENT_TYPE_LATEST),
                    methods=["GET"],
                ),
            ],
            exception_handlers={Refusal: _told},
        )

    async def _readings(self, request: Request) -> Response:
        device, body = await self._said(request)
        peer = self._peer(request)
        profile = request.path_params["profile"]
        if profile not in (device.profile, POSITION.code):
            self.intake.refuse(Reason.UNSUPPORTED, f"profile {profile}", body, peer, device=device)
            known = HTTPStatus.FORBIDDEN if profile in PROFILES else HTTPStatus.NOT_FOUND
            raise Refusal(known, "没有这种设备类型，或与该设备不符", Reason.UNSUPPORTED.value)
        if not device.enabled:
            self.intake.refuse(Reason.DISABLED, "the device is switched off", body, peer, device=device)
            raise Refusal(HTTPStatus.FORBIDDEN, "设备已停用", Reason.DISABLED.value)
        if self.intake.gathering.waiting > HIGH:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "接收繁忙，请稍后重发")
        self.intake.presence.heard(device.number, peer)
        taken = self.intake.take(device, body, peer, profile)
        try:
            await asyncio.wait_for(self.intake.gathering.durable(), CONFIRM_S)
        except TimeoutError:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "尚未确认落盘，请重发；重复数据会被识别") from None
        if taken.errors and not taken.rows:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY, "没有可接收的数据", taken.errors[0].reason, taken.errors
            )
        status = HTTPStatus.MULTI_STATUS if taken.errors else HTTPStatus.ACCEPTED
        return _json(
            {"accepted": taken.rows, "errors": [msgspec.to_builtins(e) for e in taken.errors]}, status
        )

    async def _commands(self, request: Request) -> Response:
        device, _ = await self._said(request)
        self.intake.presence.heard(device.number, self._peer(request))
        try:
            return _json({"commands": await self.commands.fetch(device.number)}, HTTPStatus.OK)
        except (psycopg.OperationalError, CommandsUnreachable):
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "指令暂不可取，请稍后再试") from None

    async def _report(self, request: Request) -> Response:
        device, body = await self._said(request)
        try:
            told = msgspec.convert(
                {**msgspec.json.decode(body, type=dict), "id": request.path_params["id"]}, Result
            )
        except (msgspec.DecodeError, msgspec.ValidationError) as wrong:
            raise Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"结果格式错误：{wrong}", Reason.WRONG_TYPE.value
            ) from wrong
        if told.state not in STATES:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"未知状态：{told.state}", Reason.WRONG_TYPE.value)
        self.intake.gathering.control()
        self.commands.report(told.id, told.state, {"detail": told.detail[:200]}, device.number)
        return _json({"taken": True}, HTTPStatus.ACCEPTED)

    @staticmethod
    def _peer(request: Request) -> str:
        return f"{request.client.host}:{request.client.port}" if request.client else ""

    async def _said(self, request: Request) -> tuple[DeviceEntry, bytes]:
        """Who asks, and the body. 401 when it is not proven: of a stranger's body only what quarantine keeps is held."""
        scheme, _, proof = request.headers.get("authorization", "").partition(" ")
        code, colon, token = proof.strip().rpartition(":")
        device = self.intake.who(code, token) if scheme.lower() in ("bearer", "device") and colon else None
        body = await self._body(request, LARGEST if device is not None else KEPT_RAW)
        if device is None:
            self.intake.refuse_stranger(code, body, self._peer(request))
            raise Refusal(HTTPStatus.UNAUTHORIZED, "设备编码或令牌不正确", Reason.PASSWORD.value)
        return device, body

    async def _body(self, request: Request, most: int) -> bytes:
        """The body up to `most` bytes. Refuses more than a mebibyte without reading on, and what takes longer than a minute."""
        body, size = bytearray(), 0
        try:
            async with asyncio.timeout(patience.BODY_S):
                async for part in request.stream():
                    size += len(part)
                    body += part[: max(0, most - len(body))]  # what is beyond is read and thrown away
                    if size > LARGEST:
                        self.intake.refuse(
                            Reason.LENGTH, f"body over {LARGEST} bytes", bytes(body), self._peer(request)
                        )
                        raise Refusal(
                            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "单次提交不得超过 1 MB", Reason.LENGTH.value
                        )
        except ClientDisconnect:
            self.intake.refuse(
                Reason.LENGTH, "the connection ended inside the body", bytes(body), self._peer(request)
            )
            raise Refusal(HTTPStatus.BAD_REQUEST, "连接中断") from None
        except TimeoutError:
            self.intake.refuse(
                Reason.LENGTH, "the body did not end in time", bytes(body), self._peer(request)
            )
            raise Refusal(
                HTTPStatus.REQUEST_TIMEOUT, "数据未在规定时间内传完，请重发", Reason.LENGTH.value
            ) from None
        return bytes(body)


async def _told(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal), "the only exception this handler is registered for"
    return refusal.response()


def _json(body: dict[str, object], status: HTTPStatus) -> Response:
    return Response(msgspec.json.encode(body), int(status), media_type="application/json")
