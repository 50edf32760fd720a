"""Registers of the dust system."""

from siteloop.framework.page import Column, Page
from siteloop.systems.dust import actions
from siteloop.systems.dust.models import DeviceMonth

device_months = Page(
    model=DeviceMonth,
    code="device-months",
    title="设备运维月报",
    title_en="Device months",
    icon="report-analytics",
    columns=(
        Column("month", link=True, kind="text", value=lambda m: f"{m.month:%Y-%m}", sort="month"),
        Column("device__site", title="工地", title_en="Site"),
        "device",
        Column("online_rate", kind="percent"),
        Column("valid_rate", kind="percent"),
        Column("faults", kind="number"),
        Column("maintenance_count", kind="number"),
        Column("maintenance_minutes", kind="number"),
        Column("calibrations", kind="number"),
        "calibrated_until",
        "inspected_until",
        Column(
            "review__state",
            title="审核",
            title_en="Review",
            kind="choice",
            value=lambda m: m.review.get_state_display(),
        ),
    ),
    filters=("month", "device", "device__site", "review__state"),
    search=("device__code", "device__site__name"),
    ordering=("-month", "device__code"),
    related=("device", "device__site", "review", "review__project"),
    actions=(actions.count_month,),
    can_create=False,
    can_change=False,
    importable=False,
    empty="还没有月报。每月初自动统计上月，并推送施工单位项目负责人审核。",
    empty_en="No months yet. The month before is counted on its first days and goes to the project leader for review.",
    help="在线率＝有有效数据的小时÷应在线小时；有效数据率＝有效数据÷应收数据；故障＝无数据、恒值、更新不及时的预警次数。",
)
