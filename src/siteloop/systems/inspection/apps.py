"""Django app of inspection and orders."""

from django.apps import AppConfig


class InspectionConfig(AppConfig):
    """Inspection and orders."""

    name = "siteloop.systems.inspection"
    label = "inspection"
    verbose_name = "监督检查"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Open orders are seen on the page of their project."""
        from siteloop.foundation.cases import notes
        from siteloop.systems.inspection import standing

        if standing.noted not in notes.NOTES:
            notes.NOTES.append(standing.noted)
