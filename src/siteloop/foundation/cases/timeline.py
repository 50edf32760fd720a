"""One timeline of a case: people, machine, commands to devices and what the readings showed, in order of time."""

import datetime as dt
from dataclasses import dataclass, field

from django.db import connection

from siteloop.foundation.cases import catalogue
from siteloop.foundation.cases.models import Case, CaseEvent
from siteloop.foundation.files.models import Evidence

KINDS: dict[str, tuple[str, str, str]] = {
    # kind: (Chinese, English, Tabler icon)
    "found": ("发现", "Found", "radar-2"),
    "found_again": ("再次发现", "Found again", "radar-2"),
    "recurred": ("问题复发", "Recurred", "rotate-clockwise-2"),
    "step": ("派单", "Dispatched", "send"),
    "reply": ("提交整改", "Reported rectified", "message-check"),
    "refuse": ("不予处置", "Refused", "ban"),
    "pass": ("核查通过", "Check passed", "circle-check"),
    "fail": ("核查不通过", "Check failed", "circle-x"),
    "overdue": ("逾期", "Overdue", "clock-exclamation"),
    "transfer": ("转派", "Handed on", "arrow-forward-up"),
    "machine_check": ("系统核查", "Machine check", "cpu"),
    "cleared": ("数据恢复", "Readings recovered", "activity"),
    "closed": ("闭环", "Closed", "circle-check"),
    "extended": ("延期", "Extended", "calendar-plus"),
    "extension_asked": ("申请延期", "Asked for time", "calendar-question"),
    "reassigned": ("改派", "Reassigned", "arrows-exchange"),
    "merged": ("并案", "Merged", "git-merge"),
    "comment": ("备注", "Comment", "message"),
    "urged": ("催办", "Urged", "bell-ringing"),
    "enforcement": ("执法结果", "Enforcement", "gavel"),
    "cancelled": ("撤销", "Cancelled", "trash"),
    "no_receiver": ("责任人未登记", "No receiver registered", "user-question"),
    "handed_on": ("移交", "Handed to another person", "transfer"),
    "conferred": ("会商", "Conferred", "users-group"),
    "command": ("设备指令", "Device command", "droplet"),
}

COMMANDS = {
    "spray_on": "开启喷淋",
    "spray_off": "关闭喷淋",
    "set_time": "校时",
    "request_history": "补传历史数据",
}
STATES = {
    "queued": "待发送",
    "sent": "已发送",
    "accepted": "设备已接收",
    "refused": "设备拒绝",
    "done": "执行完成",
    "failed": "执行失败",
    "expired": "超时未应答",
}


@dataclass(frozen=True)
class Moment:
    """One line of the timeline."""

    at: dt.datetime
    kind: str
    body: str
    by: str = ""
    words: str = ""
    step: str = ""
    basis: tuple[str, ...] = ()
    passed: bool | None = None
    evidence: tuple[Evidence, ...] = field(default=())

    @property
    def title(self) -> str:
        """Chinese name of the kind."""
        return KINDS.get(self.kind, (self.kind, self.kind, "point"))[0]

    @property
    def title_en(self) -> str:
        """English name of the kind."""
        return KINDS.get(self.kind, (self.kind, self.kind, "point"))[1]

    @property
    def icon(self) -> str:
        """Tabler icon."""
        return KINDS.get(self.kind, ("", "", "point"))[2]


def timeline(case: Case) -> list[Moment]:
    """All moments of a case, oldest first. Three queries."""
    loop = catalogue.get(case.loop)
    steps = {s.code: s.title for s in loop.steps}
    moments = [_moment(e, steps) for e in case.events.prefetch_related("evidence")]
    return sorted([*moments, *_commands(case)], key=lambda m: m.at)


def _moment(event: CaseEvent, steps: dict[str, str]) -> Moment:
    return Moment(
        at=event.at,
        kind=event.kind,
        body=event.body,
        by=event.by,
        words=event.words,
        step=steps.get(event.step, event.step),
        basis=tuple(event.data.get("basis", ())),
        passed=event.data.get("passed"),
        evidence=tuple(event.evidence.all()),
    )


def _commands(case: Case) -> list[Moment]:
    """Commands to the site's devices while the case ran, and from the half hour before it was found."""
    if case.site_id is None:
        return []
    until = case.closed_at or dt.datetime.now(dt.UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.issued_at, c.command, c.state, c.reason, c.origin, d.code"
            " FROM fast.command c JOIN registry_device d ON d.number = c.device"
            " WHERE d.site_id = %s AND c.issued_at BETWEEN %s AND %s ORDER BY c.issued_at DESC LIMIT 100",
            [case.site_id, case.opened_at - dt.timedelta(minutes=30), until],
        )
        rows = cursor.fetchall()
    return [
        Moment(
            at=at,
            kind="command",
            body=f"{COMMANDS.get(command, command)} → {code}：{STATES.get(state, state)}"
            + (f"（{reason}）" if reason else ""),
            by="规则引擎" if origin.startswith("rule:") else origin,
            passed={"done": True, "failed": False, "refused": False, "expired": False}.get(state),
        )
        for at, command, state, reason, origin, code in rows
    ]
