"""Manifest: 本区设置."""

from siteloop.framework.system import System

SYSTEM = System(
    code="settings",
    title="本区设置",
    title_en="Settings of the region",
    menu="settings",
    icon="adjustments-horizontal",
    order=1,
    requirements=("CFG-01", "CFG-13", "CFG-14"),
    permission="packs.packrule.view",
)
