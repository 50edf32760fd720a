"""Manifest: 监测总览."""

from siteloop.framework.system import System

SYSTEM = System(
    code="board",
    title="监测总览",
    title_en="Monitoring board",
    menu="environment",
    permission="registry.device.view",
    icon="gauge",
    order=1,
    requirements=("DUST-10", "DUST-12"),
)
