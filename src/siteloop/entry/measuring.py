"""Each role serves its figures on a loopback port of its own. No Django here."""

import os

from prometheus_client import start_http_server

PORTS = "SITELOOP_METRICS_PORTS"  # "sink=41001,judge=41002", chosen by the supervisor


def ports() -> dict[str, int]:
    """Role -> loopback port of its figures."""
    pairs = (part.split("=") for part in os.environ.get(PORTS, "").split(",") if part)
    return {name: int(port) for name, port in pairs}


def given() -> dict[str, int]:
    """The same, as the administrator fixed it for all supervisors of a machine: SITELOOP_FIGURES. Raises ValueError."""
    pairs = (part.split("=") for part in os.environ.get("SITELOOP_FIGURES", "").split(",") if part)
    return {name.strip(): int(port) for name, port in pairs}


def serve(role: str) -> None:
    """Serve this process's figures where the supervisor said."""
    port = ports().get(role)
    if port:
        start_http_server(port, addr="127.0.0.1")
