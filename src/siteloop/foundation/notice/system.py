"""Manifest: 消息通知."""

from siteloop.framework.system import System

SYSTEM = System(
    code="notice",
    title="消息通知",
    title_en="Notices",
    menu="workbench",
    icon="bell",
    order=20,
    requirements=("DISP-11", "PLAT-23"),
)
