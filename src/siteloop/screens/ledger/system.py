"""Manifest: 接收账本."""

from siteloop.framework.system import System

SYSTEM = System(
    code="ledger",
    title="接收账本",
    title_en="Intake ledger",
    menu="data",
    icon="scale",
    order=41,
    requirements=("DB-04", "PLAT-15"),
    permission="telemetry.ledger.view",
)
