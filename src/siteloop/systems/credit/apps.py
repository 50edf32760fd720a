"""Django app of credit."""

from typing import Any

from django.apps import AppConfig


class CreditConfig(AppConfig):
    """Credit."""

    name = "siteloop.systems.credit"
    label = "credit"
    verbose_name = "诚信管理"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Credit hears what was decided, answers who asks for a standing, and is seen on the page of a project."""
        from siteloop.foundation.cases import notes
        from siteloop.foundation.people import retention
        from siteloop.foundation.registry import conduct, panels, standing
        from siteloop.framework import events
        from siteloop.systems.credit import collecting, facade, shown, sources

        hooks: tuple[tuple[Any, list[Any]], ...] = (
            (facade.standings, standing.PROVIDERS),
            (sources.of_cases, conduct.SOURCES),
            (shown.noted, notes.NOTES),
            (shown.PROJECT_PANEL, panels.PROJECT_PANELS),
            (facade.needs, retention.NEEDS),
        )
        for wanted, to in hooks:
            if wanted not in to:
                to.append(wanted)
        for name in conduct.EVENTS:
            events.listen(name)(collecting.heard)
