"""Django app: 规则库."""

from django.apps import AppConfig


class PacksConfig(AppConfig):
    """规则库."""

    name = "siteloop.foundation.packs"
    label = "packs"
    verbose_name = "规则库"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Offer the rules to whoever publishes the registry."""
        from siteloop.foundation.packs import publishing

        publishing.connect()
