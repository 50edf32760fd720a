"""Django app of the framework: the trail, saved views, idempotency."""

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured


class FrameworkConfig(AppConfig):
    """Checks every declared page when the program starts, and reads times quickly."""

    name = "siteloop.framework"
    label = "framework"
    verbose_name = "平台框架"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Broken pages are reported by `check`, and by every command that checks before it works."""
        from siteloop.framework import quick_times

        checks.register(_pages)
        quick_times.connect()


def _pages(**_: object) -> list[checks.CheckMessage]:
    from siteloop.framework.pages_found import all_pages

    try:
        all_pages()
    except ImproperlyConfigured as wrong:
        return [checks.Error(str(wrong), id="framework.E001")]
    return []
