"""Django app: 设备运行."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    """设备运行."""

    name = "siteloop.screens.fleet"
    label = "fleet"
    verbose_name = "设备运行"
    default_auto_field = "django.db.models.BigAutoField"
