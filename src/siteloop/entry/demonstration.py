"""Making the demo: county, accounts, registry, and what the READY line says."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from siteloop.entry import brought, migrating, wiring
from siteloop.entry.supervisor import Supervisor

DEMO = "demo"


def ready(supervisor: Supervisor) -> dict[str, Any]:
    """Load the demo county unless this very edition did; tell the simulators their parts. Returns what READY says."""
    data = supervisor.env.data
    parts = data / "secrets" / "demo-devices.json"
    if not (parts.exists() and brought.is_current(supervisor.database_url, DEMO, _edition())):
        _load(supervisor.database_url, parts)
    supervisor.variables["SITELOOP_DEMO_DEVICES"] = str(parts)
    cast = json.loads(parts.read_text())
    door = wiring.reachable(supervisor.env.http)
    return {
        "url": f"http://{door}/",
        "api": f"http://{door}/api/docs",
        "ports": {
            "http": supervisor.env.http,
            **{name: where for name, (_, where) in supervisor.env.doors().items()},
        },
        "data": str(data),
        "password": cast["password"],
        "accounts": cast["accounts"],
    }


def _edition() -> str:
    """The accounts' password may be given from outside; another one is set by loading anew."""
    given = os.environ.get("SITELOOP_DEMO_PASSWORD", "")
    return hashlib.sha256(f"{brought.edition()} {given}".encode()).hexdigest()


def _load(dsn: str, parts: Path) -> None:
    """The county into the database, the parts of accounts and talking devices into a file only we may read."""
    migrating.django_ready()
    from django.conf import settings

    from siteloop.foundation.authority.demo import accounts
    from siteloop.foundation.registry.publish import publish_registry
    from siteloop.foundation.telemetry import demo as telemetry
    from siteloop.systems.dust import demo as dust

    migrating.load_demo()
    publish_registry()
    cast = {
        "devices": dust.talking(),
        "cameras": telemetry.talking(),
        "stories": dust.stories(),
        "password": settings.DEMO_PASSWORD,
        "accounts": {account.username: account.role for account in accounts()},
    }
    parts.touch(mode=0o600)
    parts.write_text(json.dumps(cast, ensure_ascii=False))
    brought.note(dsn, DEMO, _edition())
