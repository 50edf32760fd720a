"""Django app: 责任主体."""

from django.apps import AppConfig


class PartiesConfig(AppConfig):
    """责任主体."""

    name = "siteloop.screens.parties"
    label = "parties"
    verbose_name = "责任主体"
