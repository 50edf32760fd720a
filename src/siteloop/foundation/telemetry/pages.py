"""The registers of refused messages and of devices that wait at the doors."""

from siteloop.foundation.telemetry import actions, knocking, quarantine
from siteloop.foundation.telemetry.models import Quarantine, Waiting
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
waiting = Page(
    model=Waiting,
    code="waiting",
    title="待接入设备",
    title_en="Devices waiting",
    icon="plug-connected",
    columns=(
        Column("code", link=True),
        Column("listener", "接入方式", "Listener", kind="text", value=knocking.listener),
        "peer",
        Column("first_seen", kind="datetime"),
        Column("last_seen", kind="datetime"),
        Column("state", kind="state"),
        "device",
    ),
    filters=("state", "listener", "last_seen"),
    search=("code", "peer"),
    sections=(
        Section(
            "设备自报", ("code", "listener", "peer", "first_seen", "last_seen"), "What it says of itself"
        ),
        Section("处理", ("state", "device", "done_at", "done_by", "note"), "What was done"),
    ),
    ordering=("-last_seen", "-id"),
    related=("device",),
    actions=(actions.adopt, actions.ignore),
    panels=(
        Panel("报文解析", "telemetry/parts/explained.html", knocking.explained, "Decoded", lazy=False),
        Panel("报文样本", "telemetry/parts/samples.html", knocking.said, "What it sent"),
    ),
    can_create=False,
    can_change=False,
    importable=False,
    api_fields=(
        "code",
        "listener",
        "peer",
        "first_seen",
        "last_seen",
        "state",
        "device",
        "done_at",
        "done_by",
        "note",
    ),
    empty="没有未登记的设备上报。设备按本平台地址上报后会出现在这里，登记后即可入库。",
    empty_en="No unregistered device has presented itself.",
    help="未登记设备的报文拒收并隔离；在此指定工地和类型即完成登记，此前隔离的报文可再放行。",
)
