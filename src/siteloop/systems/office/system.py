"""Manifest of the office: notices, papers, leave, duty, hand-over, case conferences, feedback."""

from siteloop.framework.system import System

SYSTEM = System(
    code="office",
    title="办公",
    title_en="Office",
    menu="office",
    icon="briefcase",
    order=60,
    requirements=("OA-01", "OA-02", "OA-03", "PLAT-31"),
    standards=("平湖市智慧监管平台：OA办公系统；问题收集后定岗定人反馈更新解决机制",),
    tier="silver",
)
