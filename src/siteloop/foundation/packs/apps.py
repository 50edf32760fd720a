"""Django app: 规则库."""

from django.apps import AppConfig


class PacksConfig(AppConfig):
    """规则库."""

    name = "siteloop.foundation.packs"
    label = "packs"
    verbose_name = "规则库"
    default_auto_field = "django.db.models.BigAutoField"
