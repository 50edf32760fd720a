"""Django app: 项目统计."""

from django.apps import AppConfig


class ProjectFiguresConfig(AppConfig):
    """项目统计."""

    name = "siteloop.screens.project_figures"
    label = "project_figures"
    verbose_name = "项目统计"
