"""Django app of the framework: the trail, saved views, idempotency."""

from django.apps import AppConfig


class FrameworkConfig(AppConfig):
    """Checks every declared page when the program starts."""

    name = "siteloop.framework"
    label = "framework"
    verbose_name = "平台框架"
    default_auto_field = "django.db.models.BigAutoField"
