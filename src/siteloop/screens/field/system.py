"""Manifest: 现场端 (the phone)."""

from siteloop.framework.system import System

SYSTEM = System(
    code="field",
    title="现场端",
    title_en="Field",
    menu="workbench",
    icon="device-mobile",
    order=20,
    requirements=(
        "MOB-01",
        "MOB-02",
        "MOB-03",
        "MOB-04",
        "MOB-05",
        "MOB-06",
        "MOB-07",
        "MOB-08",
    ),
)
