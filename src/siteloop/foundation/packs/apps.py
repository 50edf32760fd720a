"""Django app: 规则库."""

from django.apps import AppConfig


class PacksConfig(AppConfig):
    """规则库."""

    name = "siteloop.foundation.packs"
    label = "packs"
    verbose_name = "规则库"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Offer the rules to whoever publishes the registry, and the term of personal data."""
        from siteloop.foundation.packs import publishing, resolve
        from siteloop.foundation.people import retention

        publishing.connect()
        if resolve.personal_data_term not in retention.TERMS:
            retention.TERMS.append(resolve.personal_data_term)
