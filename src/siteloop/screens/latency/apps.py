"""Django app: 时延."""

from django.apps import AppConfig


class LatencyConfig(AppConfig):
    """时延."""

    name = "siteloop.screens.latency"
    label = "latency"
    verbose_name = "时延"
    default_auto_field = "django.db.models.BigAutoField"
