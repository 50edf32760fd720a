"""Django app: 一张图."""

from django.apps import AppConfig


class OneMapConfig(AppConfig):
    """一张图."""

    name = "siteloop.screens.one_map"
    label = "one_map"
    verbose_name = "一张图"
