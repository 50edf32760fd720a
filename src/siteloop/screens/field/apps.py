"""Django app: 现场端."""

from django.apps import AppConfig


class FieldConfig(AppConfig):
    """现场端."""

    name = "siteloop.screens.field"
    label = "field"
    verbose_name = "现场端"
