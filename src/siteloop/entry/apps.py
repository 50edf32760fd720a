"""Django app of the entry room: wires the business plane to the live plane."""

from django.apps import AppConfig


class EntryConfig(AppConfig):
    """No models; the place where rooms that may not know each other are joined."""

    name = "siteloop.entry"
    label = "entry"

    def ready(self) -> None:
        """Wire events, and lend the desk the listeners' judgement of a message, the doctor's of the installation, back-tests, archiving."""
        from siteloop.entry import announcing, archive, backtest_aside, doctor, environment
        from siteloop.foundation.packs.back_tests import RUNNERS
        from siteloop.foundation.registry import models as registry
        from siteloop.foundation.telemetry.explaining import EXPLAINERS
        from siteloop.foundation.telemetry.retention import ARCHIVERS
        from siteloop.gateway.quarantine.reparse import explain
        from siteloop.protocols.modbus import line
        from siteloop.protocols.modbus import map as registers
        from siteloop.screens.settings.system_views import EXAMINERS

        announcing.start()
        if not registry.MAP_READERS:
            registry.MAP_READERS.append(registers.load)
            registry.ADDRESS_READERS.append(line.place)
        if not EXAMINERS:
            EXAMINERS.append(lambda: list(doctor.checks(environment.read())))
        if not RUNNERS:
            RUNNERS.append(backtest_aside.run)
        if not ARCHIVERS:
            ARCHIVERS.append(lambda terms: archive.leave(terms.rows, terms.raw))
        if explain not in EXPLAINERS:
            EXPLAINERS.append(explain)
