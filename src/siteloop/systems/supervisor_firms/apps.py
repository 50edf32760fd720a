"""Django app of the management of supervisor firms."""

from django.apps import AppConfig


class SupervisorFirmsConfig(AppConfig):
    """Supervisor firms."""

    name = "siteloop.systems.supervisor_firms"
    label = "supervisor_firms"
    verbose_name = "监理行业"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Cases find the firm, credit hears of bad behaviour, the project's page shows its supervision."""
        from siteloop.foundation.cases import receivers
        from siteloop.foundation.packs import resolve
        from siteloop.foundation.registry import conduct as facts
        from siteloop.foundation.registry import panels
        from siteloop.systems.supervisor_firms import checking, conduct, settings, shown

        resolve.OF_PROJECTS.update(settings.OF_PROJECTS)
        receivers.FINDERS["supervisor_firm_file"] = checking.receiver
        if conduct.facts not in facts.SOURCES:
            facts.SOURCES.append(conduct.facts)
        if shown.PROJECT_PANEL not in panels.PROJECT_PANELS:
            panels.PROJECT_PANELS.append(shown.PROJECT_PANEL)
