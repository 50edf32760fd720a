"""Django app of the joint acceptance."""

from django.apps import AppConfig


class JointAcceptanceConfig(AppConfig):
    """Joint acceptance."""

    name = "siteloop.systems.joint_acceptance"
    label = "joint_acceptance"
    verbose_name = "联合验收"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A late department is found by its case; a department sees the projects it examines; a project shows its acceptance."""
        from siteloop.foundation.authority.viewers import PROJECT_PROVIDERS
        from siteloop.foundation.cases import receivers
        from siteloop.foundation.packs import resolve
        from siteloop.foundation.registry import panels
        from siteloop.systems.joint_acceptance import departments, overdue, settings, shown

        resolve.OF_PROJECTS.update(settings.OF_PROJECTS)

        receivers.FINDERS["joint_department"] = overdue.department
        receivers.FINDERS["joint_lead"] = overdue.lead
        if departments.projects_of not in PROJECT_PROVIDERS:
            PROJECT_PROVIDERS.append(departments.projects_of)
        if shown.PROJECT_PANEL not in panels.PROJECT_PANELS:
            panels.PROJECT_PANELS.append(shown.PROJECT_PANEL)
