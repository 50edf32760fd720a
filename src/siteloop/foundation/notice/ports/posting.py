"""One HTTP POST with time limits, without redirects; faults come back as answers whose words hold no address."""

import json
from typing import Any

import httpx

from siteloop.foundation.notice.ports.port import Answer, Outcome

LIMITS = httpx.Timeout(10.0, connect=5.0)


def post(url: str, transport: httpx.BaseTransport | None = None, **request: Any) -> Answer | dict[str, Any]:
    """The JSON object of a 2xx answer, otherwise what is to be told. `request` as httpx.Client.post takes it.

    5xx and faults of the net may pass, 429 asks to slow down, any other status refuses the letter.
    """
    try:
        with httpx.Client(timeout=LIMITS, follow_redirects=False, transport=transport) as client:
            answer = client.post(url, **request)
    except httpx.TimeoutException:
        return Answer(Outcome.AGAIN, "对方超时未应答")
    except httpx.HTTPError as fault:
        return Answer(Outcome.AGAIN, f"连接失败（{type(fault).__name__}）")
    if answer.status_code == 429:
        return Answer(
            Outcome.BUSY, "对方限流（HTTP 429）", wait_s=_seconds(answer.headers.get("Retry-After"))
        )
    if answer.status_code >= 500:
        return Answer(Outcome.AGAIN, f"对方故障（HTTP {answer.status_code}）")
    if not answer.is_success:
        return Answer(Outcome.NEVER, f"对方拒收（HTTP {answer.status_code}）")
    try:
        body = json.loads(answer.content or b"{}")
    except ValueError:
        return Answer(Outcome.AGAIN, "对方应答不是 JSON")
    return body if isinstance(body, dict) else {}


def _seconds(stated: str | None) -> int:
    return min(3600, int(stated)) if stated is not None and stated.isdigit() else 60
