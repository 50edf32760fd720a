"""Django app of the project life cycle."""

from django.apps import AppConfig


class ProjectStagesConfig(AppConfig):
    """Project life cycle."""

    name = "siteloop.systems.project_stages"
    label = "project_stages"
    verbose_name = "项目全过程"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The project's page shows its stages; a finished project lets its posts go; a joint acceptance is a stage."""
        from siteloop.foundation.packs import resolve
        from siteloop.foundation.registry import panels, stages
        from siteloop.framework import events
        from siteloop.systems.project_stages import engine, settings, shown

        resolve.OF_PROJECTS.update(settings.OF_PROJECTS)

        for panel in shown.PROJECT_PANELS:
            if panel not in panels.PROJECT_PANELS:
                panels.PROJECT_PANELS.append(panel)
        if engine.missing_before not in stages.PROVIDERS:
            stages.PROVIDERS.append(engine.missing_before)
        events.listen("project_completed")(engine.completed)
        events.listen("joint_acceptance_passed")(engine.jointly_accepted)
