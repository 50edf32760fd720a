"""Django app: 行政区划."""

from django.apps import AppConfig


class RegionsConfig(AppConfig):
    """行政区划."""

    name = "siteloop.foundation.regions"
    label = "regions"
    verbose_name = "行政区划"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A field that holds a division's code is searched by the division's name."""
        from siteloop.foundation.regions import searching
        from siteloop.framework.lookups import CODED

        CODED["region_code"] = searching.CODES
