"""Manifest: the pages of one project, one site, one device."""

from siteloop.framework.system import System

SYSTEM = System(
    code="places", title="项目、工地与设备", title_en="Places", menu="", requirements=("PROJ-09", "PLAT-32")
)
