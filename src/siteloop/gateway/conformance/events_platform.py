"""Event push for the kit: what a platform that takes it has to show (we are the camera)."""

import asyncio
import base64
import datetime as dt
import json
import re
import time
from dataclasses import dataclass, field
from http import HTTPStatus

from siteloop.gateway.conformance import digest
from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown
from siteloop.gateway.conformance.ear import Ear
from siteloop.gateway.conformance.events_line import PATH
from siteloop.gateway.conformance.events_push import PAGE
from siteloop.gateway.conformance.requests import Message, cut
from siteloop.kernel.conformance import Seen
from siteloop.kernel.times import SHANGHAI

SUITE: "Suite[Asking]" = Suite()
XML = "application/xml"
TOO_MUCH = 13 << 20
GOOD = {200, 202, 204}
BOUNDARY = "boundary"
#: a picture that holds the boundary by chance
JPEG = b"\xff\xd8\xff\xe0 conformance \r\n--boundary\r\n \xff\xd9"
_CHALLENGE = re.compile(rb"(?im)^www-authenticate:[ \t]*(digest [^\r\n]*)")


@dataclass
class Asking:
    """The conversation with a platform, a connection a push."""

    asked: Asked
    ear: Ear[Message] = field(init=False)
    told: int = 0  # events so far

    def __post_init__(self) -> None:
        self.ear = Ear(cut, lambda m: m.raw[:1500], is_text=True)

    @property
    def code(self) -> str:
        """The device we are."""
        return self.asked.code

    # ---- bodies

    def alert(self, kind: str = "fielddetection", state: str = "active", more: str = "") -> bytes:
        """A Hikvision alert of now."""
        self.told += 1
        now = dt.datetime.now(SHANGHAI).isoformat(timespec="seconds")
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
            f"<deviceID>{self.code}</deviceID><channelID>1</channelID><dateTime>{now}</dateTime>"
            f"<activePostCount>{self.told}</activePostCount><eventType>{kind}</eventType>"
            f"<eventState>{state}</eventState>{more}</EventNotificationAlert>"
        ).encode()

    def gate(self) -> bytes:
        """A passage in JSON."""
        self.told += 1
        now = dt.datetime.now(SHANGHAI).isoformat(timespec="seconds")
        inner = {"majorEventType": 5, "subEventType": 75, "employeeNoString": "T1", "serialNo": self.told}
        told = {"deviceID": self.code, "channelID": 1, "dateTime": now, "eventType": "AccessControllerEvent"}
        return json.dumps(told | {"eventState": "active", "AccessControllerEvent": inner}).encode()

    def lines(self) -> bytes:
        """A Dahua event."""
        self.told += 1
        return (
            "Events[0].EventBaseInfo.Code=VideoMotion\r\nEvents[0].EventBaseInfo.Action=Pulse\r\n"
            f"Events[0].EventBaseInfo.Index=0\r\nEvents[0].RealUTC={int(time.time())}\r\n"
            f"Events[0].EventID={self.told}\r\n"
        ).encode()

    def plain(self) -> bytes:
        """Our own JSON."""
        self.told += 1
        now = dt.datetime.now(SHANGHAI).isoformat(timespec="seconds")
        told = {"type": "intrusion", "at": now, "device": self.code, "channel": 1, "serial": str(self.told)}
        return json.dumps(told | {"picture": base64.b64encode(JPEG).decode()}).encode()

    # ---- pushes

    async def ask(
        self, body: bytes, kind: str, maker: str, authorization: str = "", piece: int = 1 << 16
    ) -> Message | None:
        """The answer to one request on a connection of its own, sent in pieces."""
        self.ear.drop()
        await self.ear.call(self.asked.address)
        since = len(self.ear.heard)
        proof = f"Authorization: {authorization}\r\n" if authorization else ""
        head = (
            f"POST {PATH}{maker} HTTP/1.1\r\nHost: {self.asked.address[0]}\r\n{proof}Content-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        sent = head.encode() + body
        for at in range(0, len(sent), piece):
            if not self.ear.is_connected:  # it has answered and closed
                break
            self.ear.say(sent[at : at + piece])
            await asyncio.sleep(0)
        return await self.ear.until(
            lambda: next((h.unit for h in self.ear.heard[since:] if h.unit.first.startswith("HTTP/")), None),
            self.asked.answer,
        )

    async def authorization(self, maker: str, token: str = "") -> str:
        """A proof by digest for one request, "" where the platform asks for none."""
        found = await self.ask(b"", XML, maker)
        challenge = _CHALLENGE.search(found.raw) if found is not None else None
        if challenge is None:
            return ""
        told = challenge[1].decode("latin-1")
        return digest.prove(told, self.code, token or self.asked.password, "POST", PATH + maker)

    async def push(
        self, body: bytes, kind: str = XML, maker: str = "hikvision", piece: int = 1 << 16
    ) -> Message | None:
        """The answer to a proven push."""
        return await self.ask(body, kind, maker, await self.authorization(maker), piece)


def _status(message: Message | None) -> int:
    parts = message.first.split(" ") if message is not None else []
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def _said(found: Message | None, wanted: set[int]) -> Outcome:
    status = _status(found)
    shown = [Seen(0, "in", found.raw.decode("utf-8", "replace")[:900])] if found is not None else []
    return judged(status in wanted, f"HTTP {status}" if status else "没有应答", shown)


def _several(kind: str, text: bytes, image: bytes) -> tuple[bytes, str]:
    """(body, content type) of a text with a picture."""
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: {k}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n"
        for k, data in ((kind, text), ("image/jpeg", image))
    )
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


@SUITE.case(
    "challenge", "质询", "Challenge", "RFC 7616 3.3", "没有凭据时 401，Digest 质询带 realm、nonce、qop=auth"
)
async def challenge(t: Asking) -> Outcome:
    found = await t.ask(t.alert(), XML, "hikvision")
    asked = _CHALLENGE.search(found.raw) if found is not None else None
    words = digest.read(asked[1].decode("latin-1")).told if asked else {}
    is_right = _status(found) == HTTPStatus.UNAUTHORIZED and bool(words.get("realm") and words.get("nonce"))
    told = f"HTTP {_status(found)}，质询 {'、'.join(sorted(words)) or '没有 Digest'}"
    return judged(is_right and "auth" in words.get("qop", ""), told, _said(found, set()).seen)


@SUITE.case("wrong_token", "令牌错误", "Wrong token", "RFC 7616 3.4", "401")
async def wrong_token(t: Asking) -> Outcome:
    proof = await t.authorization("hikvision", token="wrong-token")  # noqa: S106 - meant to be wrong
    return _said(await t.ask(t.alert(), XML, "hikvision", proof), {401})


@SUITE.case("once", "凭据只用一次", "A proof counts once", "RFC 7616 3.4", "同一 nonce 与 nc 再用时 401")
async def once(t: Asking) -> Outcome:
    proof = await t.authorization("hikvision")
    first = await t.ask(t.alert(), XML, "hikvision", proof)
    if _status(first) // 100 != 2:
        return not_shown(f"第一次为 HTTP {_status(first)}")
    return _said(await t.ask(t.alert(), XML, "hikvision", proof), {401})


@SUITE.case("basic", "Basic 凭据", "Basic", "RFC 7617", "2xx")
async def basic(t: Asking) -> Outcome:
    told = base64.b64encode(f"{t.code}:{t.asked.password}".encode()).decode()
    return _said(await t.ask(t.alert(), XML, "hikvision", f"Basic {told}"), GOOD)


@SUITE.case("alert", "海康 XML", "Hikvision XML", PAGE, "落盘后 2xx")
async def alert(t: Asking) -> Outcome:
    return _said(await t.push(t.alert()), GOOD)


@SUITE.case("gate", "海康门禁 JSON", "Hikvision gate JSON", PAGE, "落盘后 2xx")
async def gate(t: Asking) -> Outcome:
    return _said(await t.push(t.gate(), "application/json"), GOOD)


@SUITE.case("lines", "大华文本", "Dahua lines", PAGE, "落盘后 2xx")
async def lines(t: Asking) -> Outcome:
    return _said(await t.push(t.lines(), "text/plain", "dahua"), GOOD)


@SUITE.case("plain", "通用 JSON 带图", "Plain JSON with a picture", PAGE, "落盘后 2xx")
async def plain(t: Asking) -> Outcome:
    return _said(await t.push(t.plain(), "application/json", "plain"), GOOD)


@SUITE.case(
    "picture",
    "多段带图",
    "Multipart with a picture",
    "RFC 2046 5.1.1",
    "图片中恰有分隔符时，按声明长度切分，2xx",
)
async def picture(t: Asking) -> Outcome:
    return _said(await t.push(*_several(XML, t.alert(), JPEG)), GOOD)


@SUITE.case("heartbeat", "心跳", "Sign of life", PAGE, "2xx")
async def heartbeat(t: Asking) -> Outcome:
    return _said(await t.push(t.alert("videoloss", "inactive")), GOOD)


@SUITE.case("ampersand", "未转义的 &", "A bare ampersand", PAGE, "按字符接收，2xx")
async def ampersand(t: Asking) -> Outcome:
    return _said(await t.push(t.alert(more="<eventDescription>A & B</eventDescription>")), GOOD)


@SUITE.case("repeated", "重复推送", "Sent again", PAGE, "同一事件再次推送仍为 2xx")
async def repeated(t: Asking) -> Outcome:
    body = t.alert()
    first = await t.push(body)
    return _said(await t.push(body) if _status(first) // 100 == 2 else first, GOOD)


@SUITE.case("pieces", "分段到达", "In pieces", "RFC 9112", "逐段到达的推送照常接收")
async def pieces(t: Asking) -> Outcome:
    return _said(await t.push(t.alert(), piece=7), GOOD)


@SUITE.case("doctype", "DOCTYPE", "A DOCTYPE", PAGE, "带 DOCTYPE 的 XML 为 4xx，不解析实体")
async def doctype(t: Asking) -> Outcome:
    body = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]>' + t.alert().partition(b"?>")[2]
    return _said(await t.push(body), {400, 422})


@SUITE.case("malformed", "不是事件", "No event", PAGE, "4xx 并说明原因")
async def malformed(t: Asking) -> Outcome:
    return _said(await t.push(b"not an event"), {400, 422})


@SUITE.case("maker", "没有的来源", "Another source", PAGE, "404")
async def maker(t: Asking) -> Outcome:
    return _said(await t.push(t.alert(), maker="nobody"), {404})


@SUITE.case("large", "过大", "Too large", PAGE, "超过 12 MiB 为 413，连接不被无声中断")
async def large(t: Asking) -> Outcome:
    found = await t.push(b" " * TOO_MUCH)
    if found is None:
        return failed("没有应答")
    return _said(found, {413})
