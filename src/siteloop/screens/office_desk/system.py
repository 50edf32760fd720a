"""Manifest: 我的办公."""

from siteloop.framework.system import System

SYSTEM = System(
    code="office_desk",
    title="我的办公",
    title_en="My office",
    menu="office",
    icon="briefcase",
    order=59,
    requirements=("OA-01", "OA-02", "PLAT-31"),
)
