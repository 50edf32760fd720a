"""Manifest of the joint acceptance: one application, several departments at once, one opinion."""

from siteloop.framework.system import System

SYSTEM = System(
    code="joint_acceptance",
    title="联合验收",
    title_en="Joint acceptance",
    menu="life_cycle",
    icon="clipboard-check",
    order=42,
    requirements=("JACC-01", "JACC-02"),
    standards=("参验部门、期限和办理顺序：平台可调默认值（未核实）",),
    tier="bronze",
)
