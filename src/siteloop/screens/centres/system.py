"""Manifest: 监管中心, the four centres 事件中心、处置中心、评价中心、决策中心."""

from siteloop.framework.system import System

SYSTEM = System(
    code="centres",
    title="监管中心",
    title_en="Centres",
    menu="workbench",
    icon="layout-kanban",
    order=2,
    requirements=("CTR-01", "CTR-02", "CTR-03", "CTR-04", "CTR-05", "CTR-10", "KPI-21"),
    permission="cases.case.view",
)
