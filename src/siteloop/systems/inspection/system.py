"""Manifest of inspection and orders."""

from siteloop.framework.system import System

SYSTEM = System(
    code="inspection",
    title="监督检查",
    title_en="Inspection and orders",
    menu="supervision",
    icon="clipboard-check",
    order=40,
    requirements=(*(f"INSP-{n:02d}" for n in range(1, 14)), "MOB-04", "EQ-03", "SEC-08"),
    standards=("JGJ 59-2011", "《中华人民共和国行政处罚法》(2021)", "《建设工程质量监管双随机抽查记录表》"),
    tier="silver",
)
