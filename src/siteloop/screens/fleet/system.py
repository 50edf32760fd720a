"""Manifest: 设备运行."""

from siteloop.framework.system import System

SYSTEM = System(
    code="fleet",
    title="设备运行",
    title_en="Device fleet",
    menu="data",
    icon="router",
    order=39,
    requirements=("IOT-01", "IOT-02", "DUST-13"),
    permission="registry.device.view",
)
