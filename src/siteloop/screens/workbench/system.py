"""Manifest: 工作台."""

from siteloop.framework.system import System

SYSTEM = System(
    code="workbench",
    title="工作台",
    title_en="Workbench",
    menu="workbench",
    icon="layout-dashboard",
    order=1,
    requirements=("PLAT-23", "CTR-01"),
)
