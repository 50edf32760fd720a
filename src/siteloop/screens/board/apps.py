"""Django app: 监测总览."""

from django.apps import AppConfig


class BoardConfig(AppConfig):
    """监测总览."""

    name = "siteloop.screens.board"
    label = "board"
    verbose_name = "监测总览"
