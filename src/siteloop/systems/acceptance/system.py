"""Manifest of the acceptance of business: quality, safety, civil air defence, fire."""

from siteloop.framework.system import System

SYSTEM = System(
    code="acceptance",
    title="业务受理",
    title_en="Acceptance of business",
    menu="supervision",
    icon="inbox",
    order=41,
    requirements=("BIZ-01", "BIZ-02", "BIZ-03", "BIZ-04", "BIZ-05", "BIZ-06", "FIRE-01"),
    standards=("平湖市智慧监管平台：承诺事项 30 日倒计时、超时锁定业务",),
    tier="silver",
)
