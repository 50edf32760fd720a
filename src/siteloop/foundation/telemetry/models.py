"""No tables of our own: the fast plane owns telemetry. A proxy gives commands a name in permissions and the trail."""

from siteloop.foundation.registry.models import Device


class Command(Device):
    """Stands for the commands of a device in actions; rows live in fast.command."""

    class Meta:
        proxy = True
        verbose_name = "设备指令"
        verbose_name_plural = "设备指令"
