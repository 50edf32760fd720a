"""Django app: 组织与权限."""

from django.apps import AppConfig


class AuthorityConfig(AppConfig):
    """组织与权限."""

    name = "siteloop.foundation.authority"
    label = "authority"
    verbose_name = "组织与权限"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Every sign-in at the desk is noted."""
        from siteloop.foundation.authority import sessions

        sessions.watch()
