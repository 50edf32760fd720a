"""Manifest: 人员."""

from siteloop.framework.system import System

SYSTEM = System(
    code="people",
    title="人员",
    title_en="People",
    menu="registers",
    icon="users",
    order=30,
    requirements=("BASE-03",),
)
