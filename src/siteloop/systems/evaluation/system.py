"""Manifest of evaluation: scores of parties, sites and regions, appeals, indicators, accidents."""

from siteloop.framework.system import System

SYSTEM = System(
    code="evaluation",
    title="评价管理",
    title_en="Evaluation",
    menu="credit",
    icon="chart-bar",
    order=48,
    requirements=(
        "CTR-03",
        "CTR-06",
        "CTR-07",
        "CTR-08",
        "CTR-09",
        "CTR-10",
        "KPI-05",
        "KPI-06",
        "KPI-07",
        "KPI-08",
        "KPI-17",
        "KPI-21",
    ),
    tier="silver",
)
