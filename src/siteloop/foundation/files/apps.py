"""Django app: 证据材料."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """证据材料."""

    name = "siteloop.foundation.files"
    label = "files"
    verbose_name = "证据材料"
    default_auto_field = "django.db.models.BigAutoField"
