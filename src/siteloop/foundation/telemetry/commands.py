"""Commands of people to devices: checked, told in the trail, written where the listener finds them."""

import json
import uuid
from typing import Any

from django.db import connection, transaction

from siteloop.foundation.registry.models import Device
from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.perform import require
from siteloop.framework.viewer import Viewer

KNOWN = {
    "dust": {"set_time", "read_time", "set_interval", "request_history"},
    "sprayer": {"spray_on", "spray_off"},
}
TITLES = {
    "spray_on": "开启喷淋",
    "spray_off": "关闭喷淋",
    "set_time": "校时",
    "read_time": "读取时间",
    "set_interval": "设置上报间隔",
    "request_history": "补传历史数据",
}


def issue(
    viewer: Viewer, device: Device, command: str, args: dict[str, Any] | None = None, reason: str = ""
) -> str:
    """Queue a command; returns its id. Raises Refused 403, 404, 409 (device not in use), 422 (not for this kind)."""
    require(viewer, "telemetry.command.issue")
    with transaction.atomic():
        row = Device.objects.visible_to(viewer).filter(pk=device.pk).first()
        if row is None:
            raise Refused("设备不存在", status=404)
        if row.state != "active":
            raise Refused("设备已停用")
        if command not in KNOWN.get(row.profile, set()):
            raise Refused(
                "此类设备没有该指令", status=422, errors={"command": sorted(KNOWN.get(row.profile, set()))}
            )
        key = uuid.uuid4().hex
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO fast.command (id, device, command, args, origin, reason) VALUES (%s, %s, %s, %s, %s, %s)",
                [key, row.number, command, json.dumps(args or {}), f"user:{viewer.user}", reason[:200]],
            )
        words = f"{viewer.name}向{row}下发指令：{TITLES[command]}"
        trail.record(
            viewer, "telemetry.command.issue", row, words, changes={"command": [None, key]}, reason=reason
        )
    return key


def read(viewer: Viewer, key: str) -> dict[str, Any]:
    """One command with its trail. Raises Refused 404 when it or its device is out of sight."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, device, command, args, origin, reason, state, tries, issued_at, sent_at, answered_at, finished_at, result"
            " FROM fast.command WHERE id = %s",
            [key],
        )
        row = cursor.fetchone()
        names = [c.name for c in cursor.description or ()]
        cursor.execute(
            "SELECT state, at, detail FROM fast.command_trail WHERE command = %s ORDER BY id", [key]
        )
        steps = [{"state": s, "at": at.isoformat(), "detail": d} for s, at, d in cursor.fetchall()]
    if row is None or not Device.objects.visible_to(viewer).filter(pk=row[1]).exists():
        raise Refused("指令不存在", status=404)
    found = dict(zip(names, row, strict=True))
    return {k: v.isoformat() if hasattr(v, "isoformat") else _json(v) for k, v in found.items()} | {
        "trail": steps
    }


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value
