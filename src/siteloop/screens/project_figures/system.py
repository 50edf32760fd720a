"""Manifest: 项目统计, projects counted by town, kind or importance and by state."""

from siteloop.framework.system import System

SYSTEM = System(
    code="project_figures",
    title="项目统计",
    title_en="Project figures",
    menu="life_cycle",
    icon="chart-bar",
    order=39,
    requirements=("PROJ-08",),
    permission="registry.project.view",
)
