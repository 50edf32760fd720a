"""Django app of the entry room: wires the business plane to the live plane."""

from django.apps import AppConfig


class EntryConfig(AppConfig):
    """No models; the place where rooms that may not know each other are joined."""

    name = "siteloop.entry"
    label = "entry"

    def ready(self) -> None:
        """Wire events, and lend the desk the listeners' judgement of a message."""
        from siteloop.entry import announcing
        from siteloop.foundation.telemetry.explaining import EXPLAINERS
        from siteloop.gateway.reparse import explain

        announcing.start()
        if explain not in EXPLAINERS:
            EXPLAINERS.append(explain)
