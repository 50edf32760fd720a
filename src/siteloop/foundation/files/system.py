"""Manifest: 证据材料."""

from siteloop.framework.system import System

SYSTEM = System(
    code="files",
    title="证据材料",
    title_en="Evidence",
    menu="settings",
    icon="paperclip",
    order=95,
    requirements=("SEC-08",),
)
