"""Manifest: 责任主体, one page an enterprise: its projects, its standing, and what was found of its conduct."""

from siteloop.framework.system import System

SYSTEM = System(
    code="parties",
    title="责任主体",
    title_en="Responsible parties",
    menu="supervision",
    icon="building-factory",
    order=39,
    requirements=("CTR-05",),
    permission="registry.party.view",
)
