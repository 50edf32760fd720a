"""Django app: 监测数据."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    """监测数据."""

    name = "siteloop.foundation.telemetry"
    label = "telemetry"
    verbose_name = "监测数据"
    default_auto_field = "django.db.models.BigAutoField"
