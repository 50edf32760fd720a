"""The ways out: what each sends, how it reads the answer, and that nothing is open by default."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from siteloop.foundation.notice.ports import Letter, Outcome, RecordedPort, channels, open_ports
from siteloop.foundation.notice.ports.robots import DingTalkRobot, WeComRobot
from siteloop.foundation.notice.ports.sms import SmsGateway, read_template

LETTER = Letter(
    "k",
    "red",
    "喷雾未联动 · 一号工地",
    "PD330482-2026-00001 请处置\n依据：…",
    "https://x.example/c/1",
    ("10000000001",),
)


class Wire:
    """Keeps what was asked and answers as told."""

    def __init__(self, status: int = 200, body: object = None, headers: dict[str, str] | None = None) -> None:
        self.asked: list[httpx.Request] = []
        self.answer = (status, {"errcode": 0, "errmsg": "ok"} if body is None else body, headers or {})

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        status, body, headers = self.answer
        return httpx.Response(status, json=body, headers=headers)

    @property
    def body(self) -> dict[str, object]:
        return json.loads(self.asked[-1].content)


def test_dingtalk_is_signed_and_mentions_the_receiver() -> None:
    wire = Wire()
    robot = DingTalkRobot(
        "https://d.example/robot/send?access_token=t",
        "SECret",
        wire.transport,
        now_ms=lambda: 1_700_000_000_000,
    )
    assert robot.send(LETTER).outcome is Outcome.SENT
    query = parse_qs(urlsplit(str(wire.asked[0].url)).query)
    wanted = hmac.new(b"SECret", b"1700000000000\nSECret", hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(wanted).decode()]
    assert query["timestamp"] == ["1700000000000"]
    assert query["access_token"] == ["t"]
    assert wire.body["at"] == {"atMobiles": ["10000000001"], "isAtAll": False}
    content = wire.body["text"]["content"]
    assert content.startswith("【红色】喷雾未联动 · 一号工地")
    assert content.endswith("@10000000001")


def test_wecom_keeps_to_2048_bytes_and_mentions() -> None:
    wire = Wire()
    long = Letter("k", "blue", "标题", "长" * 3000, "https://x.example/c/1", ("10000000001",))
    assert WeComRobot("https://w.example/send?key=k", wire.transport).send(long).outcome is Outcome.SENT
    assert len(wire.body["text"]["content"].encode()) <= 2048
    assert wire.body["text"]["content"].endswith("https://x.example/c/1")
    assert wire.body["text"]["mentioned_mobile_list"] == ["10000000001"]


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"errcode": 310000, "errmsg": "sign not match"}, Outcome.AGAIN),
        (200, {"errcode": 130101, "errmsg": "send too fast"}, Outcome.BUSY),
        (200, {"errcode": 430104, "errmsg": "改"}, Outcome.NEVER),
        (503, {}, Outcome.AGAIN),
        (429, {}, Outcome.BUSY),
        (403, {}, Outcome.NEVER),
        (302, {}, Outcome.NEVER),
    ],
)
def test_answers_of_a_robot_are_read(status: int, body: object, outcome: Outcome) -> None:
    robot = DingTalkRobot("https://d.example/?access_token=hidden", "", Wire(status, body).transport)
    answer = robot.send(LETTER)
    assert answer.outcome is outcome
    assert "hidden" not in answer.words
    assert "hidden" not in repr(robot)


def test_a_dead_line_is_tried_again_and_tells_no_address() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("https://d.example/?access_token=hidden", request=request)

    answer = DingTalkRobot("https://d.example/?access_token=hidden", "", httpx.MockTransport(broken)).send(
        LETTER
    )
    assert answer.outcome is Outcome.AGAIN
    assert "hidden" not in answer.words


def test_the_sms_template_is_filled_without_being_read_as_json() -> None:
    wire = Wire(body={"code": 0})
    gateway = SmsGateway(
        "https://s.example/send",
        read_template('{"to": ["{phone}"], "sign": "智慧工地", "args": {"t": "{text}"}}'),
        "Bearer hidden",
        "code=0",
        transport=wire.transport,
    )
    tricky = Letter("k", "orange", '他说"停"', "第一行\n第二行", "", ("10000000001",))
    assert gateway.send(tricky).outcome is Outcome.SENT
    assert wire.body == {"to": ["10000000001"], "sign": "智慧工地", "args": {"t": '【橙色】他说"停"\n第一行'}}
    assert wire.asked[0].headers["Authorization"] == "Bearer hidden"
    assert "hidden" not in repr(gateway)


def test_an_sms_is_refused_without_a_number_or_when_the_gateway_says_no() -> None:
    wire = Wire(body={"code": 7})
    gateway = SmsGateway(
        "https://s.example/",
        read_template('{"p":"{phone}","t":"{text}"}'),
        "",
        "code=0",
        transport=wire.transport,
    )
    assert gateway.send(Letter("k", "red", "题", "", "", ())).words == "未登记手机号"
    assert wire.asked == []
    assert gateway.send(LETTER).outcome is Outcome.NEVER


def test_every_channel_is_closed_until_it_is_configured(settings) -> None:
    settings.NOTICE_OUT = {}
    assert open_ports() == {}
    assert [c.port for c in channels()] == [None, None, None]


def test_a_configured_channel_opens_and_a_wrong_setting_keeps_it_closed(settings) -> None:
    settings.NOTICE_OUT = {
        "dingtalk_webhook": "https://d.example/?access_token=t",
        "wecom_webhook": "http://w.example/?key=k",
        "sms_url": "https://s.example/",
        "sms_body": '{"only": "{text}"}',
    }
    found = {c.code: c for c in channels()}
    assert isinstance(found["dingtalk"].port, DingTalkRobot)
    assert (found["wecom"].port, found["wecom"].trouble) == (None, "地址须为 https")
    assert (found["sms"].port, found["sms"].trouble) == (None, "模板须含 {phone} 与 {text}")


def test_a_recorded_port_writes_down_what_would_leave(tmp_path) -> None:
    file = tmp_path / "outbox" / "notices.jsonl"
    port = RecordedPort("sms", file=file)
    port.send(LETTER)
    line = json.loads(file.read_text())
    assert line["to"] == ["100****0001"]
    assert "喷雾未联动" in line["text"]
    assert "10000000001" not in file.read_text()
