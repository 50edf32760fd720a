"""Which channels are open: read from settings.NOTICE_OUT, which comes from the environment. Closed by default."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from siteloop.foundation.notice.ports.port import Port
from siteloop.foundation.notice.ports.recorded import RecordedPort
from siteloop.foundation.notice.ports.robots import DingTalkRobot, WeComRobot
from siteloop.foundation.notice.ports.sms import TEMPLATE, SmsGateway, read_template

TITLES = {
    "sms": ("短信", "Short message"),
    "dingtalk": ("钉钉群机器人", "DingTalk robot"),
    "wecom": ("企业微信群机器人", "WeChat Work robot"),
}
GROUPS = ("dingtalk", "wecom")


@dataclass(frozen=True)
class Channel:
    """One channel as it is set up here; `port` None means closed, and `trouble` says why a stated setting is not used."""

    code: str
    title: str
    title_en: str
    port: Port | None
    trouble: str = ""

    @property
    def is_recorded(self) -> bool:
        """Only writes down what would leave."""
        return isinstance(self.port, RecordedPort)


def channels() -> tuple[Channel, ...]:
    """All channels in a fixed order, open or closed."""
    return tuple(_channel(code) for code in TITLES)


def open_ports() -> dict[str, Port]:
    """Code -> port of the open channels."""
    return {c.code: c.port for c in channels() if c.port is not None}


def _stated(name: str) -> str:
    return str(settings.NOTICE_OUT.get(name, "")).strip()


def _channel(code: str) -> Channel:
    zh, en = TITLES[code]
    if settings.NOTICE_OUT.get("recorded"):
        file = Path(str(settings.NOTICE_OUT["folder"])) / "notices.jsonl"
        return Channel(code, zh, en, RecordedPort(code, is_group=code in GROUPS, file=file))
    try:
        return Channel(code, zh, en, _MAKERS[code]())
    except ValueError as wrong:
        return Channel(code, zh, en, None, str(wrong))


def _secure(url: str) -> str:
    """Raises ValueError for an address that would send secrets in clear."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    ):
        raise ValueError("地址须为 https")
    return url


def _sms() -> Port | None:
    url = _stated("sms_url")
    if not url:
        return None
    return SmsGateway(
        _secure(url),
        read_template(_stated("sms_body") or TEMPLATE),
        _stated("sms_authorization"),
        _stated("sms_success"),
        is_form=_stated("sms_form") == "1",
    )


def _dingtalk() -> Port | None:
    webhook = _stated("dingtalk_webhook")
    return DingTalkRobot(_secure(webhook), _stated("dingtalk_secret")) if webhook else None


def _wecom() -> Port | None:
    webhook = _stated("wecom_webhook")
    return WeComRobot(_secure(webhook)) if webhook else None


_MAKERS = {"sms": _sms, "dingtalk": _dingtalk, "wecom": _wecom}
