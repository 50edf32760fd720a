"""Manifest of the case register and loop engine."""

from siteloop.framework.system import System

SYSTEM = System(
    code="cases",
    title="派单处置",
    title_en="Cases",
    menu="disposal",
    icon="checklist",
    order=10,
    requirements=("DISP-01", "DISP-03", "DISP-04", "DISP-05", "DISP-06", "DISP-07", "DISP-08", "DISP-12"),
)
