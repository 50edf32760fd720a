"""Django app: 本区规则与系统设置."""

from django.apps import AppConfig


class SettingsConfig(AppConfig):
    """本区规则与系统设置."""

    name = "siteloop.screens.settings"
    label = "settings"
    verbose_name = "本区设置"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """A project's page shows what it has of its own and leads here."""
        from siteloop.foundation.registry.panels import PROJECT_PANELS
        from siteloop.screens.settings.project_panel import PANEL

        if PANEL not in PROJECT_PANELS:
            PROJECT_PANELS.append(PANEL)
