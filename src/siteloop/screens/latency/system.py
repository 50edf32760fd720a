"""Manifest: 时延."""

from siteloop.framework.system import System

SYSTEM = System(
    code="latency",
    title="时延",
    title_en="Latency",
    menu="data",
    icon="gauge",
    order=42,
    requirements=("PLAT-15",),
    permission="telemetry.ledger.view",
)
