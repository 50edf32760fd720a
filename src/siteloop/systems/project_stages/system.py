"""Manifest of the project life cycle: from the tender to the archive."""

from siteloop.framework.system import System

SYSTEM = System(
    code="project_stages",
    title="项目全过程",
    title_en="Project life cycle",
    menu="life_cycle",
    icon="timeline-event",
    order=40,
    requirements=(
        "PROJ-01",
        "PROJ-02",
        "PROJ-03",
        "PROJ-04",
        "PROJ-05",
        "PROJ-06",
        "PROJ-08",
        "PROJ-09",
        "BASE-08",
        "BASE-09",
        "JACC-02",
        "PLAT-25",
    ),
    standards=("建办市〔2018〕81号（表名、列名据在用的上报程序整理，原文未核实）",),
    tier="silver",
)
