"""What other rooms show of the months: the monitors behind a project's review."""

from itertools import groupby

from siteloop.foundation.registry.models import MaintenanceReview
from siteloop.foundation.registry.reviewing import Table
from siteloop.framework.language import pick
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer, system_viewer
from siteloop.systems.dust import actions
from siteloop.systems.dust.models import DeviceMonth

HEADS = (
    ("设备", "Monitor"),
    ("在线率", "Online"),
    ("有效数据率", "Valid"),
    ("故障", "Faults"),
    ("运维", "Upkeep"),
    ("停机（分钟）", "Down (min)"),
    ("校准", "Calibrations"),
    ("校准有效期至", "Calibrated until"),
    ("年检有效期至", "Inspected until"),
)


def behind(review: MaintenanceReview, viewer: Viewer) -> list[Table]:
    """One table a site of the review's project, in the viewer's scope."""
    rows = (
        DeviceMonth.objects.visible_to(viewer)
        .filter(review=review)
        .select_related("device__site")
        .order_by("device__site__name", "device__site_id", "device__code")
    )
    return [
        Table(
            site.name,
            tuple(pick(zh, en) for zh, en in HEADS),
            tuple(_cells(m) for m in found),
            tuple(f"/places/devices/{m.device_id}/" for m in found),
        )
        for site, group in groupby(rows, key=lambda m: m.device.site)
        if (found := list(group))
    ]


def _cells(month: DeviceMonth) -> tuple[str, ...]:
    return (
        str(month.device),
        _percent(month.online_rate),
        _percent(month.valid_rate),
        str(month.faults),
        str(month.maintenance_count),
        str(month.maintenance_minutes),
        str(month.calibrations),
        str(month.calibrated_until or ""),
        str(month.inspected_until or ""),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f}%"


def count_again(object: int) -> None:
    """A disputed month was submitted again: its figures follow the records as they are now."""
    review = (
        MaintenanceReview.objects.unscoped("counted for the project that was named").filter(pk=object).first()
    )
    if review is not None:
        perform(actions.count_month, system_viewer("运维统计"), None, {"month": review.month})
