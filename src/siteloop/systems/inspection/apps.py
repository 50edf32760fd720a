"""Django app of inspection and orders."""

from django.apps import AppConfig


class InspectionConfig(AppConfig):
    """Inspection and orders."""

    name = "siteloop.systems.inspection"
    label = "inspection"
    verbose_name = "监督检查"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Open orders are seen on their project's page; what was decided counts for credit; inspections can be handed over."""
        from siteloop.foundation.authority import belongings
        from siteloop.foundation.cases import notes
        from siteloop.foundation.registry import conduct as conduct_of_all
        from siteloop.systems.inspection import conduct, handing_on, standing

        if standing.noted not in notes.NOTES:
            notes.NOTES.append(standing.noted)
        if conduct.facts not in conduct_of_all.SOURCES:
            conduct_of_all.SOURCES.append(conduct.facts)
        belongings.add(handing_on.BELONGING)
