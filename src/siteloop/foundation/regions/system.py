"""Manifest: 行政区划."""

from siteloop.framework.system import System

SYSTEM = System(
    code="regions",
    title="行政区划",
    title_en="Regions",
    menu="settings",
    icon="map-2",
    order=90,
    requirements=("LVL-01", "LVL-03", "LVL-05", "MAP-01"),
)
