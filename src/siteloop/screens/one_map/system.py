"""Manifest: 一张图."""

from siteloop.framework.system import System

SYSTEM = System(
    code="one_map",
    title="一张图",
    title_en="One map",
    menu="workbench",
    permission="registry.site.view",
    icon="map-2",
    order=2,
    requirements=("MAP-01", "MAP-02"),
)
