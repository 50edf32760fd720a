"""Django app: 监测数据."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    """监测数据."""

    name = "siteloop.foundation.telemetry"
    label = "telemetry"
    verbose_name = "监测数据"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Who is registered waits no longer; doors have names in filters."""
        from django.db.models.signals import post_save

        from siteloop.foundation.registry.models import Device
        from siteloop.foundation.telemetry import knocking
        from siteloop.foundation.telemetry.doors import DOORS
        from siteloop.framework.lookups import CODED

        CODED["listener"] = DOORS
        post_save.connect(knocking.registered, sender=Device, dispatch_uid="telemetry.knocking")
