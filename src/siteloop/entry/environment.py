"""The outside settings (design §7), read once from the environment. No Django here."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """Where data lies, which engines are used, where each listener binds ("host:port")."""

    data: Path
    database_url: str  # "" = the embedded PostgreSQL under `data`
    nats_url: str  # "" = the embedded NATS under `data`
    http: str
    hj212: str
    mqtt: str
    demo: bool
    jt808: str = ""  # "" = this door is closed
    lifting: str = ""


def read() -> Environment:
    """Current settings with their defaults."""
    get = os.environ.get
    return Environment(
        data=Path(get("SITELOOP_DATA", ".data")).expanduser().resolve(),
        database_url=get("SITELOOP_DATABASE_URL", ""),
        nats_url=get("SITELOOP_NATS_URL", ""),
        http=get("SITELOOP_HTTP", "127.0.0.1:8000"),
        hj212=get("SITELOOP_HJ212", "127.0.0.1:9212"),
        mqtt=get("SITELOOP_MQTT", "127.0.0.1:1883"),
        demo=get("SITELOOP_DEMO", "") == "1",
        jt808=get("SITELOOP_JT808", "127.0.0.1:8808"),
        lifting=get("SITELOOP_LIFTING", ""),
    )
