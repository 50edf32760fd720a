"""Manifest: 组织与权限."""

from siteloop.framework.system import System

SYSTEM = System(
    code="authority",
    title="组织与权限",
    title_en="Organisations and rights",
    menu="settings",
    icon="shield-lock",
    order=80,
    requirements=("LVL-07", "SEC-06"),
)
