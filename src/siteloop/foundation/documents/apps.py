"""Django app: 文书."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Printed documents: numbered, kept, delivered, verified."""

    name = "siteloop.foundation.documents"
    label = "documents"
    verbose_name = "文书"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Collect the kinds of all systems; a broken declaration stops the program."""
        from siteloop.foundation.documents import catalogue

        catalogue.find()
