"""Django app: 工作台."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """工作台."""

    name = "siteloop.screens.workbench"
    label = "workbench"
    verbose_name = "工作台"
