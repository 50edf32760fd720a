"""Django app: 证据材料."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """证据材料."""

    name = "siteloop.foundation.files"
    label = "files"
    verbose_name = "证据材料"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Files that come with an action are kept as evidence."""
        from siteloop.foundation.files.store import keep
        from siteloop.framework import forms

        if keep not in forms.KEEPERS:
            forms.KEEPERS.append(keep)
