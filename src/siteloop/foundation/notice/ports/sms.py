"""Any short-message gateway that takes one HTTP POST: the body is a JSON template with the places {phone} and {text}."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from siteloop.foundation.notice.ports.port import Answer, Letter, Outcome, short_text
from siteloop.foundation.notice.ports.posting import post

TEMPLATE = '{"phone": "{phone}", "content": "{text}"}'


def filled(template: Any, places: dict[str, str]) -> Any:
    """A JSON value with the places of its strings filled; what is filled in is never read as JSON."""
    if isinstance(template, dict):
        return {key: filled(value, places) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, places) for value in template]
    if isinstance(template, str):
        for name, words in places.items():
            template = template.replace("{" + name + "}", words)
    return template


@dataclass(frozen=True)
class SmsGateway:
    """`success` as "field=value" says which answer means accepted; "" takes every 2xx answer for it."""

    url: str = field(repr=False)
    template: Any
    authorization: str = field(repr=False, default="")
    success: str = ""
    is_form: bool = False
    transport: httpx.BaseTransport | None = field(repr=False, default=None)
    code: str = "sms"
    is_group: bool = False

    def text(self, letter: Letter) -> str:
        """Short."""
        return short_text(letter)

    def send(self, letter: Letter) -> Answer:
        """POST one message to one number. A letter without a number is refused."""
        if not letter.mobiles:
            return Answer(Outcome.NEVER, "未登记手机号")
        body = filled(self.template, {"phone": letter.mobiles[0], "text": self.text(letter)})
        headers = {"Authorization": self.authorization} if self.authorization else {}
        content: dict[str, Any] = {"data": body} if self.is_form else {"json": body}
        answer = post(self.url, self.transport, headers=headers, **content)
        return answer if isinstance(answer, Answer) else self._told(answer)

    def _told(self, body: dict[str, Any]) -> Answer:
        name, _, wanted = self.success.partition("=")
        if not name or str(body.get(name)) == wanted:
            return Answer(Outcome.SENT, "短信网关已受理")
        return Answer(Outcome.NEVER, f"短信网关未受理（{name}={str(body.get(name))[:40]}）")


def read_template(text: str) -> Any:
    """The body's template. Raises ValueError unless it is a JSON object that has both places."""
    if "{phone}" not in text or "{text}" not in text:
        raise ValueError("模板须含 {phone} 与 {text}")
    template = json.loads(text)
    if not isinstance(template, dict):
        raise ValueError("模板须为 JSON 对象")
    return template
