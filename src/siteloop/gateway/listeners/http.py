"""HTTP intake: POST /api/v1/intake/{profile} with `Authorization: Bearer <device code>:<token>`; 2xx means on disk.

An array is taken row by row: good rows are kept, bad ones are told with their place and reason (207 when mixed, 422 when none was good).
"""

import json
import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from siteloop.gateway.gathering import Gathering
from siteloop.gateway.listeners.hj212 import KEPT_RAW, too_early_or_late
from siteloop.gateway.listeners.mqtt import is_token
from siteloop.gateway.presence import Presence
from siteloop.gateway.registry_source import RegistrySource
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Reject
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols import json_profile
from siteloop.protocols.hj212.reading import NoReading

LARGEST = 1 << 20
MOST_ROWS = 5_000


def problem(status: int, title: str, **more: Any) -> JSONResponse:
    """RFC 9457."""
    body = {"type": "about:blank", "title": title, "status": status, **more}
    return JSONResponse(body, status, media_type="application/problem+json")


class HttpIntake:
    """The intake's ASGI application."""

    def __init__(self, settings: GatewaySettings, registry: RegistrySource, gathering: Gathering, presence: Presence) -> None:
        self.settings, self.registry, self.gathering, self.presence = settings, registry, gathering, presence

    def app(self) -> Starlette:
        """Routes of the role."""
        return Starlette(routes=[Route("/api/v1/intake/{profile}", self.take, methods=["POST"])])

    def _device(self, request: Request) -> DeviceEntry | None:
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        code, _, token = credentials.partition(":")
        device = self.registry.by_code.get(code)
        return device if kind.lower() in ("bearer", "device") and is_token(device, token) else None

    async def take(self, request: Request) -> JSONResponse:
        """One POST."""
        profile = request.path_params["profile"]
        peer = request.client.host if request.client else ""
        if profile not in PROFILES:
            return problem(404, "没有这种设备类型")
        device = self._device(request)
        try:
            body = await self._body(request)
        except ClientDisconnect:
            return problem(400, "连接中断")
        if device is None:
            self._refuse(None, Reason.UNKNOWN_DEVICE, "device token", body or b"", peer)
            return problem(401, "设备编码或令牌不正确")
        if body is None:
            return problem(413, "单次提交不得超过 1 MB")
        if device.profile != profile or not device.enabled:
            reason = Reason.DISABLED if device.profile == profile else Reason.UNSUPPORTED
            self._refuse(device, reason, f"profile {profile}", body, peer)
            return problem(403, "设备已停用" if reason is Reason.DISABLED else "设备类型不符")
        try:
            items = json.loads(body)
        except ValueError:
            self._refuse(device, Reason.MALFORMED, "not JSON", body, peer)
            return problem(422, "不是有效的 JSON")
        rows = items if isinstance(items, list) else [items]
        if len(rows) > MOST_ROWS:
            return problem(413, f"单次提交不得超过 {MOST_ROWS} 条")
        self.presence.seen(device.number, self, peer)
        errors = [e for i, item in enumerate(rows) if (e := self._row(device, i, item, peer)) is not None]
        await self.gathering.durable()
        taken = len(rows) - len(errors)
        if errors and not taken:
            return problem(422, "没有可接收的数据", errors=errors)
        return JSONResponse({"accepted": taken, "errors": errors}, 207 if errors else 202)

    @staticmethod
    async def _body(request: Request) -> bytes | None:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return None
        return bytes(body)

    def _row(self, device: DeviceEntry, index: int, item: Any, peer: str) -> dict[str, Any] | None:
        now = time.time_ns() // 1000
        raw = json.dumps(item, ensure_ascii=False).encode()
        try:
            row = json_profile.reading(item, device.profile, device.scale, now)
        except NoReading as no:
            self._refuse(device, no.reason, no.detail, raw, peer)
            return {"row": index, "reason": no.reason.value, "detail": no.detail}
        late = too_early_or_late(row.at, row.kind, now, self.settings)
        if late is not None:
            self._refuse(device, late, "at", raw, peer)
            return {"row": index, "reason": late.value, "detail": "at"}
        self.gathering.row(device.profile, device.number, row.at, now, row.values, row.quality, row.kind, raw, row.flagged)
        return None

    def _refuse(self, device: DeviceEntry | None, reason: Reason, detail: str, raw: bytes, peer: str) -> None:
        self.gathering.reject(
            Reject(
                received_at=time.time_ns() // 1000,
                reason=reason.value,
                detail=detail[:200],
                raw=raw[:KEPT_RAW],
                device=device.number if device else 0,
                device_code=device.code if device else "",
                peer=peer,
            )
        )
