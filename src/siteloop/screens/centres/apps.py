"""Django app: 监管中心."""

from django.apps import AppConfig


class CentresConfig(AppConfig):
    """监管中心."""

    name = "siteloop.screens.centres"
    label = "centres"
    verbose_name = "监管中心"
