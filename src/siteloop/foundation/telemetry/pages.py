"""The register of refused messages."""

from siteloop.foundation.telemetry import actions, quarantine
from siteloop.foundation.telemetry.models import Quarantine
from siteloop.framework.page import Column, Page, Panel, Section

refused = Page(
    model=Quarantine,
    code="quarantine",
    title="隔离报文",
    title_en="Quarantine",
    icon="shield-x",
    columns=(
        Column("received_at", kind="datetime", link=True),
        Column("reason", kind="state"),
        Column("listener", "接入方式", "Listener", kind="text", value=quarantine.listener),
        Column("sender", "设备", "Device", value=quarantine.sender),
        Column("peer"),
        Column("detail"),
        Column("state", kind="state"),
    ),
    filters=("reason", "state", "received_at", "listener", "device"),
    search=("device_code", "peer", "detail"),
    sections=(
        Section(
            "拒收情况",
            ("received_at", "reason", "detail", "listener", "device_code", "peer"),
            "Why it was refused",
        ),
        Section(
            "处理", ("state", "asked_at", "asked_by", "asked_reason", "done_at", "outcome"), "What was done"
        ),
    ),
    ordering=("-id",),
    related=("device",),
    actions=(actions.release,),
    panels=(
        Panel("解析与核对", "telemetry/parts/explained.html", quarantine.explained, "Decoded and checked"),
        Panel("原始字节", "telemetry/parts/bytes.html", quarantine.dump, "Bytes as received"),
    ),
    can_create=False,
    can_change=False,
    importable=False,
    api_fields=(
        "received_at",
        "listener",
        "device_code",
        "peer",
        "reason",
        "detail",
        "state",
        "asked_at",
        "asked_by",
        "asked_reason",
        "done_at",
        "outcome",
    ),
    empty="没有被拒收的报文。",
    empty_en="Nothing was refused.",
    help="被拒收的报文连同原始字节保存在此；订正登记或协议设置后可重新解析、放行入库。",
)
