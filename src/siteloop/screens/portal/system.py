"""Manifest: the public portal, open without sign-in."""

from siteloop.framework.system import System

SYSTEM = System(
    code="portal",
    title="公众门户",
    title_en="Public portal",
    menu="workbench",
    icon="world",
    order=90,
    requirements=("PORT-01", "PORT-03", "DRAND-15", "DRAND-16", "ACT-30"),
)
