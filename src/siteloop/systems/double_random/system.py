"""Manifest of double random: inspectors and objects drawn by lot, in the open."""

from siteloop.framework.system import System

SYSTEM = System(
    code="double_random",
    title="双随机抽查",
    title_en="Double random",
    menu="supervision",
    icon="arrows-shuffle",
    order=44,
    requirements=(
        *(f"DRAND-{n:02d}" for n in range(1, 17)),
        "DRAND-18",
        "PROJ-10",
        "CRED-06",
        "PORT-03",
        "ACT-06",
    ),
    standards=("「双随机、一公开」监管", "《建设工程质量监管双随机抽查记录表》"),
    tier="silver",
)
