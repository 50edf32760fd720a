"""Django app of dust and spray."""

from django.apps import AppConfig


class DustConfig(AppConfig):
    """Dust, noise and spray."""

    name = "siteloop.systems.dust"
    label = "dust"
    verbose_name = "扬尘噪声与喷淋"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Figures behind a month's review; a month submitted again is counted again; high readings warn."""
        from siteloop.foundation.packs import resolve
        from siteloop.foundation.registry import reviewing
        from siteloop.framework import events
        from siteloop.systems.dust import installation, months, warnings

        resolve.OF_PROJECTS.add(installation.POINTS)
        if months.behind not in reviewing.DETAILS:
            reviewing.DETAILS.append(months.behind)
        events.listen("maintenance_resubmitted")(months.count_again)
        events.listen("finding_raised")(warnings.tell)
