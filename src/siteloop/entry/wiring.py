"""What each role is told, worked out from the environment and from `run.json`, which the supervisor writes."""

import json
import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from siteloop.entry import edges, environment
from siteloop.entry.engines.processes import address
from siteloop.entry.trouble import Trouble
from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel import placement


def reachable(text: str) -> str:
    """Where we ourselves reach a door that is open on every address; "0.0.0.0" is no host name a browser would send."""
    host, port = address(text)
    near = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - recognised, not bound
    return f"{near}:{port}"


def as_role(url: str, role: str) -> str:
    """The connection string that takes a database role: the second wall between the planes."""
    return make_conninfo(url, options=f"-c role={role}")


def state(data: Path) -> dict[str, Any]:
    """What the running supervisor wrote; {} when none did."""
    path = data / "run.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _door(text: str) -> tuple[str, int] | None:
    return address(text) if text else None


def whole_number(name: str, least: int, most: int) -> int:
    """A setting that is a whole number; `least` where it is not given. Raises Trouble."""
    text = os.environ.get(name, "") or str(least)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise Trouble(
            f"{name} 应为 {least} 至 {most} 的整数", f"{name} must be a whole number, {least} to {most}"
        )
    return int(text)


def gateway_settings() -> GatewaySettings:
    """Settings of a fast role in this process."""
    env = environment.read()
    return GatewaySettings(
        dsn=as_role(env.database_url, "siteloop_fast") if env.database_url else "",
        nats_url=env.nats_url,
        data=env.data,
        hj212=address(env.hj212),
        mqtt=address(env.mqtt),
        jt808=_door(env.jt808),
        lifting=_door(env.lifting),
        weighbridge=_door(env.weighbridge),
        hj212_tls=_door(env.hj212_tls),
        mqtt_tls=_door(env.mqtt_tls),
        intake_tls=_door(env.intake_tls),
        tls_chain=Path(env.tls_chain) if env.tls_chain else None,
        tls_key=Path(env.tls_key) if env.tls_key else None,
        event_days=env.event_days,
        person_event_days=env.person_event_days,
        intake=address(os.environ.get("SITELOOP_INTAKE_PORT", "127.0.0.1:0")),
        live=address(os.environ.get("SITELOOP_LIVE_PORT", "127.0.0.1:0")),
        edges=edges.seats(),
        edge=os.environ.get("SITELOOP_EDGE_NAME", ""),
        partitions=whole_number("SITELOOP_PARTITIONS", 1, placement.MOST),
        replicas=whole_number("SITELOOP_REPLICAS", 1, 5),
        accelerate=os.environ.get("SITELOOP_ACCELERATE", "1") != "0",
    )
