"""Django app of the office."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """Office."""

    name = "siteloop.systems.office"
    label = "office"
    verbose_name = "办公"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Others ask who is away; what lies with a person can be handed over; every page says where to report trouble."""
        from siteloop.foundation.authority import absence, belongings
        from siteloop.framework import shell
        from siteloop.systems.office import leave, tickets, waiting

        if leave.away not in absence.PROVIDERS:
            absence.PROVIDERS.append(leave.away)
        if tickets.form_for not in shell.REPORTING:
            shell.REPORTING.append(tickets.form_for)
        belongings.add(*waiting.BELONGINGS)
