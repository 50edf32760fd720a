"""HTTP JSON for the kit: what a device that posts its readings, and what a platform that takes them, have to show (docs/protocols/json.md)."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.gateway.conformance.requests import Message, cut, masked, request, response
from siteloop.kernel.conformance import Seen
from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.reading import NoReading
from siteloop.protocols.json_profile import reading

DEVICE: "Suite[Line]" = Suite()
PLATFORM: "Suite[Line]" = Suite()
MOST_OFF_S = 600
PAGE = "docs/protocols/json.md"


@dataclass
class Line:
    """The conversation with a device (we are the platform) or with a platform."""

    asked: Asked
    ear: Ear[Message] = field(init=False)
    mood: HTTPStatus | None = HTTPStatus.ACCEPTED  # how uploads are answered; None = not at all
    answered: list[Message] = field(default_factory=list)  # uploads a 2xx was given for

    def __post_init__(self) -> None:
        self.ear = Ear(cut, masked, is_text=True, react=self._react)

    @property
    def code(self) -> str:
        """The code asked for, else the one heard."""
        return self.asked.code or next((m.code for m in self.uploads() if m.code), "")

    @property
    def path(self) -> str:
        """Where readings of the device go."""
        return f"/api/v1/intake/{self.asked.device}"

    @property
    def place(self) -> int:
        """The present end of what was heard."""
        return len(self.ear.heard)

    def uploads(self, since: int = 0) -> list[Message]:
        """POST requests heard."""
        return [h.unit for h in self.ear.heard[since:] if h.unit.first.startswith("POST ")]

    def _react(self, heard: Heard[Message]) -> None:
        if not self.asked.listens or not self.ear.is_connected:
            return
        message = heard.unit
        if not message.first:
            self.ear.say(response(HTTPStatus.BAD_REQUEST, {}))
            self.ear.drop()
        elif message.first.startswith("GET "):
            self.ear.say(response(HTTPStatus.OK, {"commands": []}))
        elif self.mood is None:
            self.ear.drop()
            return
        else:
            self.ear.say(response(self.mood, self._told(message)))
            if self.mood is HTTPStatus.ACCEPTED:
                self.answered.append(message)
        if message.headers.get("connection", "").lower() == "close":
            self.ear.drop()

    def _told(self, message: Message) -> dict[str, Any]:
        if self.mood is HTTPStatus.ACCEPTED:
            return {"accepted": len(items(message)), "errors": []}
        return {"title": "conformance", "status": int(self.mood or 0), "code": "wrong_type"}

    async def said(self, since: int, seconds: float) -> Message | None:
        """The next upload."""
        return await self.ear.until(lambda: next(iter(self.uploads(since)), None), seconds)


def items(message: Message) -> list[Any]:
    """The objects of an upload, none when it is no JSON."""
    try:
        found = msgspec.json.decode(message.body)
    except (msgspec.DecodeError, RecursionError):
        return []
    return found if isinstance(found, list) else [found]


def seen(*found: Message | None) -> Iterator[Seen]:
    """Their bytes; proofs are not written down."""
    return (Seen(0, "in", masked(m).decode("utf-8", "replace")[:900]) for m in found if m is not None)


def _repeats(message: Message, later: list[Message]) -> list[Message]:
    """Uploads that hold something of an earlier one again."""
    before = items(message)
    return [m for m in later if any(item in before for item in items(m))]


@DEVICE.case("request", "提交地址", "Posts", PAGE, "POST /api/v1/intake/<类型>，HTTP/1.1")
async def posts(t: Line) -> Outcome:
    found = await t.said(0, t.asked.patience)
    if found is None:
        return failed(f"{t.asked.patience:.0f} s 内没有 POST", seen(*(h.unit for h in t.ear.heard[:2])))
    return judged(found.first == f"POST {t.path} HTTP/1.1", found.first, seen(found))


@DEVICE.case("proof", "身份", "Proves itself", PAGE, "Authorization: Bearer <编码>:<令牌>")
async def proof(t: Line) -> Outcome:
    found = await t.said(0, t.asked.patience)
    if found is None:
        return not_shown("没有 POST")
    is_own = bool(found.code) and found.code == (t.asked.code or found.code)
    told = f"编码 {found.code or '无'}，令牌{'有' if found.token else '无'}"
    is_right = not t.asked.password or found.token == t.asked.password
    return judged(is_own and bool(found.token) and is_right, told, seen(found))


@DEVICE.case("payload", "数据格式", "Payload", PAGE, "JSON 的字段、数值、时间均可接收")
async def payload(t: Line) -> Outcome:
    found = await t.said(0, t.asked.patience)
    if found is None:
        return not_shown("没有 POST")
    now, said = time.time_ns() // 1000, items(found)
    if not said:
        return failed("不是 JSON，或为空数组", seen(found))
    try:
        rows = [reading(item, t.asked.device, {}, now) for item in said]
    except NoReading as no:
        return failed(f"不能接收：{no}", seen(found))
    off = (rows[-1].at - now) / SECOND
    return judged(abs(off) < MOST_OFF_S, f"{len(rows)} 条，最后一条时间相差 {off:+.0f} s", seen(found))


@DEVICE.case("stops", "收到 2xx 后不再重发", "Stops after 2xx", PAGE, "已确认的数据不再提交")
async def stops(t: Line) -> Outcome:
    since = t.place
    found = await t.said(since, t.asked.patience)
    if found is None:
        return not_shown("没有 POST")
    await t.ear.until(lambda: _repeats(found, t.uploads(since)[1:]) or None, t.asked.silence)
    again = _repeats(found, t.uploads(since)[1:])
    return judged(not again, f"确认后又收到 {len(again)} 次", seen(found, *again[:2]))


async def _comes_again(t: Line, mood: HTTPStatus | None) -> tuple[Message | None, Message | None]:
    """(an upload that got this answer, the one that hands its readings in again)."""
    t.mood, since = mood, t.place
    try:
        found = await t.said(since, t.asked.patience)
    finally:
        t.mood = HTTPStatus.ACCEPTED
    if found is None:
        return None, None
    later = since + 1
    return found, await t.ear.until(
        lambda: next(iter(_repeats(found, t.uploads(later))), None), t.asked.patience
    )


@DEVICE.case("busy", "503 后重发", "Sends again after 503", PAGE, "平台未落盘（503）时稍后重发同一数据")
async def busy(t: Line) -> Outcome:
    found, again = await _comes_again(t, HTTPStatus.SERVICE_UNAVAILABLE)
    if found is None:
        return not_shown("没有 POST")
    return judged(again is not None, "已重发" if again else "没有重发", seen(found, again))


@DEVICE.case("lost", "断线后重发", "Sends again after a loss", PAGE, "没有应答而连接中断时重发同一数据")
async def lost(t: Line) -> Outcome:
    found, again = await _comes_again(t, None)
    if found is None:
        return not_shown("没有 POST")
    return judged(again is not None, "已重发" if again else "没有重发", seen(found, again))


@DEVICE.case("refused", "422 后不再重发", "Gives up after 422", PAGE, "平台拒收（422）的数据不再无休止提交")
async def refused(t: Line) -> Outcome:
    t.mood, since = HTTPStatus.UNPROCESSABLE_ENTITY, t.place
    try:
        found = await t.said(since, t.asked.patience)
        if found is None:
            return not_shown("没有 POST")
        await t.ear.until(
            lambda: True if len(_repeats(found, t.uploads(since)[1:])) > 1 else None, t.asked.silence
        )
        again = _repeats(found, t.uploads(since)[1:])
    finally:
        t.mood = HTTPStatus.ACCEPTED
    return judged(len(again) < 2, f"拒收后又收到 {len(again)} 次", seen(found, *again[:2]))


@DEVICE.case("own", "只报自己的数据", "Own data only", PAGE, "路径和编码始终为自己的", afterwards=True)
async def own(t: Line) -> Outcome:
    if not t.uploads():
        return not_shown("没有 POST")
    allowed = {t.path, "/api/v1/intake/position"}
    paths = {m.first.split(" ")[1] for m in t.uploads()}
    foreign = {p for p in paths if p not in allowed and not p.startswith("/api/v1/intake/commands/")}
    codes = {m.code for m in t.uploads()}
    return judged(not foreign and len(codes) == 1, "、".join(sorted(foreign | codes)))


@DEVICE.case("messages", "报文结构", "Requests", "RFC 9112", "请求均为完整的 HTTP/1.1 报文", afterwards=True)
async def messages(t: Line) -> Outcome:
    if not t.ear.heard:
        return not_shown("没有收到报文")
    broken = [h.unit for h in t.ear.heard if not h.unit.first]
    return judged(not broken, f"{len(t.ear.heard)} 个请求中 {len(broken)} 个不合结构", seen(*broken[:2]))


# ---- a platform


async def _post(
    t: Line, body: bytes, token: str = "", path: str = "", verb: str = "POST", piece: int = 0
) -> Message | None:
    """The answer to a request on a connection of its own, sent in pieces of `piece` bytes where given."""
    t.ear.drop()
    await t.ear.call(t.asked.address)
    since = t.place
    sent = request(verb, path or t.path, t.code, token or t.asked.password, body, t.asked.address[0])
    for at in range(0, len(sent), piece or len(sent)):
        t.ear.say(sent[at : at + (piece or len(sent))])
        await asyncio.sleep(0)
    return await t.ear.until(
        lambda: next((h.unit for h in t.ear.heard[since:] if h.unit.first.startswith("HTTP/")), None),
        t.asked.answer,
    )


def _status(message: Message | None) -> int:
    parts = message.first.split(" ") if message is not None else []
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def _said(found: Message | None, wanted: set[int]) -> Outcome:
    status = _status(found)
    return judged(status in wanted, f"HTTP {status}" if status else "没有应答", seen(found))


def _one(t: Line, off_s: int = 0) -> dict[str, Any]:
    """A reading of the profile's first quantity, in the middle of what it may be."""
    first = PROFILES[t.asked.device].fields[0]
    value = min(max(1.0, first.low), first.high)
    return {"at": time.time_ns() // 1_000_000 - off_s * 1000, first.name: value}


@PLATFORM.case("wrong_token", "令牌错误", "Wrong token", PAGE, "401")
async def wrong_token(t: Line) -> Outcome:
    return _said(await _post(t, msgspec.json.encode(_one(t)), token="wrong-token"), {401})  # noqa: S106 - meant to be wrong


@PLATFORM.case("accepted", "提交确认", "Accepted", PAGE, "落盘后 202")
async def accepted(t: Line) -> Outcome:
    return _said(await _post(t, msgspec.json.encode(_one(t))), {200, 201, 202})


@PLATFORM.case("mixed", "部分接收", "Part of it", PAGE, "一条有误时 207，指出其位置")
async def mixed(t: Line) -> Outcome:
    body = msgspec.json.encode([_one(t, 2), {"no_such_field": 1}])
    found = await _post(t, body)
    told = items(found)[0] if found is not None and items(found) else {}
    errors = told.get("errors") if isinstance(told, dict) else None
    is_named = bool(errors) and isinstance(errors, list) and errors[0].get("row") == 1
    return judged(
        _status(found) == HTTPStatus.MULTI_STATUS and is_named, f"HTTP {_status(found)}", seen(found)
    )


@PLATFORM.case("malformed", "不是 JSON", "No JSON", PAGE, "4xx 并说明原因")
async def malformed(t: Line) -> Outcome:
    return _said(await _post(t, b"not json"), {400, 422})


@PLATFORM.case("foreign", "别的类型", "Another profile", PAGE, "403 或 404")
async def foreign(t: Line) -> Outcome:
    other = next(p for p in ("sprayer", "dust") if p != t.asked.device)
    return _said(await _post(t, b"{}", path=f"/api/v1/intake/{other}"), {403, 404})


@PLATFORM.case("repeated", "重复提交", "Sent again", PAGE, "同一数据再次提交仍为 2xx")
async def repeated(t: Line) -> Outcome:
    body = msgspec.json.encode(_one(t, 4))
    first = await _post(t, body)
    return _said(await _post(t, body) if _status(first) // 100 == 2 else first, {200, 201, 202})


@PLATFORM.case("pieces", "分段到达", "In pieces", "RFC 9112", "逐段到达的请求照常接收")
async def pieces(t: Line) -> Outcome:
    return _said(await _post(t, msgspec.json.encode(_one(t, 6)), piece=7), {200, 201, 202})


@PLATFORM.case("commands", "取指令", "Commands", PAGE, "GET /api/v1/intake/commands 得到 JSON")
async def commands(t: Line) -> Outcome:
    found = await _post(t, b"", path="/api/v1/intake/commands", verb="GET")
    return _said(found, {200, 503})
