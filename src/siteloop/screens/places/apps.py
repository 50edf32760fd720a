"""Django app of the record pages that bring several systems together."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Puts its pages in place of the generic ones."""

    name = "siteloop.screens.places"
    label = "places"
    verbose_name = "项目、工地与设备"

    def ready(self) -> None:
        """The record of a project, site or device opens here."""
        from siteloop.foundation.registry.models import Device, Project, Site
        from siteloop.framework.pages_found import RECORD_PATHS

        RECORD_PATHS.update(
            {Project: "/places/projects/{}/", Site: "/places/sites/{}/", Device: "/places/devices/{}/"}
        )
