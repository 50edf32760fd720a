"""Making the demo: county, accounts, registry, and what the READY line says."""

import json
from typing import Any

from siteloop.entry import migrating, wiring
from siteloop.entry.supervisor import Supervisor


def load(supervisor: Supervisor) -> dict[str, Any]:
    """Load the demo county when it is not there yet, publish the registry, hand the simulators their parts."""
    from django.conf import settings

    from siteloop.foundation.authority.demo import accounts
    from siteloop.foundation.registry.publish import publish_registry
    from siteloop.foundation.telemetry import demo as telemetry
    from siteloop.systems.dust import demo as dust

    migrating.load_demo()
    publish_registry()
    data = supervisor.env.data
    parts = data / "secrets" / "demo-devices.json"
    parts.touch(mode=0o600)
    parts.write_text(
        json.dumps(
            {
                "devices": dust.talking(),
                "cameras": telemetry.talking(),
                "stories": dust.stories(),
                "password": settings.DEMO_PASSWORD,
            },
            ensure_ascii=False,
        )
    )
    supervisor.variables["SITELOOP_DEMO_DEVICES"] = str(parts)
    door = wiring.reachable(supervisor.env.http)
    return {
        "url": f"http://{door}/",
        "api": f"http://{door}/api/docs",
        "ports": {
            "http": supervisor.env.http,
            **{name: where for name, (_, where) in supervisor.env.doors().items()},
        },
        "data": str(data),
        "password": settings.DEMO_PASSWORD,
        "accounts": {a.username: a.role for a in accounts()},
    }
