"""Django app: 项目与设备."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Projects, sites, devices."""

    name = "siteloop.foundation.registry"
    label = "registry"
    verbose_name = "项目与设备"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Whose projects an account sees, and telling the fast plane what changed."""
        from siteloop.foundation.authority.viewers import PROJECT_PROVIDERS
        from siteloop.foundation.files.models import PROJECTS_OF_UNITS
        from siteloop.foundation.people import retention
        from siteloop.foundation.registry import grants, publish

        if grants.projects_of not in PROJECT_PROVIDERS:
            PROJECT_PROVIDERS.append(grants.projects_of)
        if grants.projects_of_units not in PROJECTS_OF_UNITS:
            PROJECTS_OF_UNITS.append(grants.projects_of_units)
        if grants.people_on_projects not in retention.NEEDS:
            retention.NEEDS.append(grants.people_on_projects)
        publish.watch()
