"""Django app: 我的办公."""

from django.apps import AppConfig


class OfficeDeskConfig(AppConfig):
    """我的办公."""

    name = "siteloop.screens.office_desk"
    label = "office_desk"
    verbose_name = "我的办公"
