"""Manifest of credit: demerits and merits by rule, the score explained, blacklists, repair and appeal, awards."""

from siteloop.framework.system import System

SYSTEM = System(
    code="credit",
    title="诚信管理",
    title_en="Credit",
    menu="credit",
    icon="certificate",
    order=46,
    requirements=(*(f"CRED-{n:02d}" for n in range(1, 12)), "SUPV-05", "PROJ-07"),
    standards=("“两场”联动的企业诚信评价体系；双向黑名单（企业、人员）",),
    tier="silver",
)
