"""Manifest of the management of supervisor firms: reports, side supervision, duty, qualification, bad behaviour."""

from siteloop.framework.system import System

SYSTEM = System(
    code="supervisor_firms",
    title="监理行业",
    title_en="Supervisor firms",
    menu="supervisor_firms",
    icon="user-shield",
    order=46,
    requirements=("SUPV-01", "SUPV-02", "SUPV-03", "SUPV-04", "SUPV-05", "CRED-08", "ACT-18", "PORT-03"),
    standards=("四川“智慧工地”：监理报告制度、旁站监督、履职动态监管、资质动态核查、不良行为公布",),
    tier="silver",
)
