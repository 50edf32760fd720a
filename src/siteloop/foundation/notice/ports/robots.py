"""Group robots of DingTalk and WeChat Work: one text message a letter, receivers are mentioned by mobile number."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from django.utils import timezone

from siteloop.foundation.notice.ports.port import Answer, Letter, Outcome, plain_text
from siteloop.foundation.notice.ports.posting import post

#: both products take twenty messages a robot a minute; DingTalk keeps quiet for ten minutes after more
DINGTALK_TOO_FAST = {130101, 410100}
WECOM_TOO_FAST = {45009}
#: answers about the robot itself: the operator may mend it, so the letter is kept and offered again
DINGTALK_SETTING = {310000, 300005, 400101, 400102, 400106}
WECOM_SETTING = {93000}


def signed(webhook: str, secret: str, now_ms: int) -> str:
    """The webhook with DingTalk's 加签: HMAC-SHA256 over "timestamp\\nsecret" with the secret, base64."""
    digest = hmac.new(secret.encode(), f"{now_ms}\n{secret}".encode(), hashlib.sha256).digest()
    query = urlencode({"timestamp": now_ms, "sign": base64.b64encode(digest).decode()})
    return f"{webhook}{'&' if '?' in webhook else '?'}{query}"


def _told(body: dict[str, Any], too_fast: set[int], setting: set[int], quiet_s: int) -> Answer:
    code = int(body.get("errcode", -1))
    words = f"errcode {code} {str(body.get('errmsg', ''))[:120]}"
    if code == 0:
        return Answer(Outcome.SENT, "已送达群机器人")
    if code in too_fast:
        return Answer(Outcome.BUSY, words, wait_s=quiet_s)
    return Answer(Outcome.AGAIN if code in setting or code == -1 else Outcome.NEVER, words)


def _now_ms() -> int:
    return int(timezone.now().timestamp() * 1000)


@dataclass(frozen=True)
class DingTalkRobot:
    """钉钉自定义机器人; with a secret every call is signed."""

    webhook: str = field(repr=False)
    secret: str = field(repr=False, default="")
    transport: httpx.BaseTransport | None = field(repr=False, default=None)
    now_ms: Callable[[], int] = _now_ms
    code: str = "dingtalk"
    is_group: bool = True

    def text(self, letter: Letter) -> str:
        """At most 20,000 bytes, kept far shorter."""
        return plain_text(letter, 4000)

    def send(self, letter: Letter) -> Answer:
        """POST a text message; the numbers must stand in the text for the mention to show."""
        mentions = "".join(f" @{m}" for m in letter.mobiles)
        body = {
            "msgtype": "text",
            "text": {"content": self.text(letter) + mentions},
            "at": {"atMobiles": list(letter.mobiles), "isAtAll": False},
        }
        url = signed(self.webhook, self.secret, self.now_ms()) if self.secret else self.webhook
        answer = post(url, self.transport, json=body)
        return (
            answer
            if isinstance(answer, Answer)
            else _told(answer, DINGTALK_TOO_FAST, DINGTALK_SETTING, quiet_s=600)
        )


@dataclass(frozen=True)
class WeComRobot:
    """企业微信群机器人; the key in the webhook is its only secret."""

    webhook: str = field(repr=False)
    transport: httpx.BaseTransport | None = field(repr=False, default=None)
    code: str = "wecom"
    is_group: bool = True

    def text(self, letter: Letter) -> str:
        """At most 2,048 bytes."""
        return plain_text(letter, 2048)

    def send(self, letter: Letter) -> Answer:
        """POST a text message."""
        body = {
            "msgtype": "text",
            "text": {"content": self.text(letter), "mentioned_mobile_list": list(letter.mobiles)},
        }
        answer = post(self.webhook, self.transport, json=body)
        return answer if isinstance(answer, Answer) else _told(answer, WECOM_TOO_FAST, WECOM_SETTING, 60)
