"""Manifest: 规则库."""

from siteloop.framework.system import System

SYSTEM = System(
    code="packs",
    title="规则库",
    title_en="Rule packs",
    menu="settings",
    icon="book-2",
    order=70,
    requirements=("CFG-01", "CFG-13"),
)
