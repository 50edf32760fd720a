"""Django app: 本区规则与系统设置."""

from django.apps import AppConfig


class SettingsConfig(AppConfig):
    """本区规则与系统设置."""

    name = "siteloop.screens.settings"
    label = "settings"
    verbose_name = "本区设置"
    default_auto_field = "django.db.models.BigAutoField"
