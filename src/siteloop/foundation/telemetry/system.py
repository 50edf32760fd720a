"""Manifest: 监测数据."""

from siteloop.framework.system import System

SYSTEM = System(
    code="telemetry",
    title="监测数据",
    title_en="Telemetry",
    menu="data",
    icon="activity",
    order=40,
    requirements=("IOT-02", "DUST-13"),
)
