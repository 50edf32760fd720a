"""Django app: 项目与设备."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """项目与设备."""

    name = "siteloop.foundation.registry"
    label = "registry"
    verbose_name = "项目与设备"
    default_auto_field = "django.db.models.BigAutoField"
