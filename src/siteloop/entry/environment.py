"""The outside settings (design §7), read once from the environment. No Django here."""

import os
from dataclasses import dataclass
from pathlib import Path

from siteloop.entry.trouble import Trouble


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
    weighbridge: str = ""
    hj212_tls: str = ""  # the same doors with TLS
    mqtt_tls: str = ""
    intake_tls: str = ""
    tls_chain: str = ""  # PEM files
    tls_key: str = ""
    event_days: int = 90  # events of cameras and gates are kept this long
    person_event_days: int = 30  # passages and faces

    def doors(self) -> dict[str, tuple[str, str]]:
        """The devices' ports: name -> (its variable, "host:port" or "" for closed)."""
        names = ("hj212", "mqtt", "jt808", "lifting", "weighbridge", "hj212_tls", "mqtt_tls", "intake_tls")
        return {name: (f"SITELOOP_{name.upper()}", getattr(self, name)) for name in names}


def _days(name: str, default: int) -> int:
    """A term in whole days, at least one. Raises Trouble for anything else."""
    told = os.environ.get(name, "")
    if not told:
        return default
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= 3650:
        raise Trouble(f"{name} 须为 1 到 3650 的天数", f"{name} must be a number of days, 1 to 3650")
    return int(told)


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
        weighbridge=get("SITELOOP_WEIGHBRIDGE", ""),
        hj212_tls=get("SITELOOP_HJ212_TLS", ""),
        mqtt_tls=get("SITELOOP_MQTT_TLS", ""),
        intake_tls=get("SITELOOP_INTAKE_TLS", ""),
        tls_chain=get("SITELOOP_TLS_CERT", ""),
        tls_key=get("SITELOOP_TLS_KEY", ""),
        event_days=_days("SITELOOP_EVENT_DAYS", 90),
        person_event_days=_days("SITELOOP_PERSON_EVENT_DAYS", 30),
    )
