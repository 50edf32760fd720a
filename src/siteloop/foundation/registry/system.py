"""Manifest: 项目与设备."""

from siteloop.framework.system import System

SYSTEM = System(
    code="registry",
    title="项目与设备",
    title_en="Projects and devices",
    menu="registers",
    icon="building-factory",
    order=10,
    requirements=("BASE-01", "PROJ-01"),
)
