"""Django app of the office."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """Office."""

    name = "siteloop.systems.office"
    label = "office"
    verbose_name = "办公"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Others ask who is away; what lies with a person can be handed over."""
        from siteloop.foundation.authority import absence, belongings
        from siteloop.systems.office import leave, waiting

        if leave.away not in absence.PROVIDERS:
            absence.PROVIDERS.append(leave.away)
        belongings.add(*waiting.BELONGINGS)
