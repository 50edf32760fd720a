"""Django app: 接收账本."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """接收账本."""

    name = "siteloop.screens.ledger"
    label = "ledger"
    verbose_name = "接收账本"
    default_auto_field = "django.db.models.BigAutoField"
