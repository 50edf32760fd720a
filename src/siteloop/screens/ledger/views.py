"""The intake ledger: received = stored + control + rejected by reason, by listener, device or day, in the viewer's scope."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from siteloop.foundation.telemetry.ledger import (
    BY,
    Asked,
    Line,
    lines,
    listener_title,
    reason_title,
    sees_unknown,
    total,
)
from siteloop.framework import exporting
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of

DAYS = 7  # shown when no days are asked for
MOST_DAYS = 366
ROWS = 50
TABS = (
    ("listener", "按接入方式", "By listener"),
    ("device", "按设备", "By device"),
    ("day", "按日", "By day"),
)
#: columns a table can be sorted by
SORTS = ("key", "received", "stored", "control", "refused", "flagged")
DUPLICATE = "duplicate"


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /ledger/?from=&to=&by=listener|device|day&listener=&search=&sort=-refused&page=."""
    viewer, asked, by, sort = _asked(request, "telemetry.ledger.view")
    found = lines(viewer, asked, by)
    leaf = Paginator(_sorted(found, sort), ROWS).get_page(request.GET.get("page"))
    every = [line.key for line in lines(viewer, Asked(asked.start, asked.end, "", asked.search), "listener")]
    context = {
        "asked": asked,
        "by": by,
        "tabs": [(code, pick(zh, en)) for code, zh, en in TABS],
        "total": _shown(total(found), asked, "all"),
        "rows": [_shown(line, asked, by) for line in leaf.object_list],
        "leaf": leaf,
        "unbalanced": [_title(line, by) for line in found if not line.balanced],
        "heads": _heads(by, sort),
        "listeners": [
            (code, listener_title(code)) for code in dict.fromkeys([*every, asked.listener]) if code
        ],
        "sees_unknown": sees_unknown(viewer),
        "may_export": viewer.may("telemetry.ledger.export"),
        "may_quarantine": viewer.may("telemetry.quarantine.view"),
        "is_filtered": bool(asked.listener or asked.search),
    }
    return render(request, "ledger/ledger.html", context)


@screen
def export(request: HttpRequest) -> StreamingHttpResponse:
    """GET /ledger/export with the page's own parameters: the table as CSV, one column a reason."""
    viewer, asked, by, sort = _asked(request, "telemetry.ledger.export")
    found = _sorted(lines(viewer, asked, by), sort)
    reasons = list(total(found).rejected)
    heads = [
        pick("对象", "Line"),
        *(
            pick(*title)
            for title in (("收到", "Received"), ("入库", "Stored"), ("控制", "Control"), ("拒收", "Rejected"))
        ),
        *(f"{pick('拒收', 'Rejected')}·{reason_title(r)}" for r in reasons),
        pick("标记存疑", "Flagged"),
        pick("差额", "Difference"),
    ]

    def rows() -> Iterator[list[object]]:
        for line in found:
            counts = (line.received, line.stored, line.control, line.refused)
            told = [line.rejected.get(r, 0) for r in reasons]
            yield [_title(line, by), *counts, *told, line.flagged, line.difference]

    title = f"{pick('接收账本', 'Intake ledger')} {asked.start}–{asked.end}"
    return exporting.table(viewer, "telemetry.ledger.export", title, heads, rows())


def _asked(request: HttpRequest, permission: str) -> tuple[Viewer, Asked, str, str]:
    """What the address asks for. Raises Refused 403 without the right, 422 for days that cannot be read or are too many."""
    viewer = viewer_of(request)
    require(viewer, permission)
    today = timezone.localdate()
    end = _day(request, "to", today)
    start = _day(request, "from", end - dt.timedelta(days=DAYS - 1))
    if not dt.timedelta() <= end - start < dt.timedelta(days=MOST_DAYS):
        words = pick(
            f"起止日期有误：须先后有序，且不超过 {MOST_DAYS} 天",
            f"days must be in order, {MOST_DAYS} at most",
        )
        raise Refused(words, status=422, errors={"from": [words]})
    by = request.GET.get("by", "listener")
    sort = request.GET.get("sort", "")
    return (
        viewer,
        Asked(start, end, request.GET.get("listener", "")[:40], request.GET.get("search", "").strip()[:60]),
        by if by in BY else "listener",
        sort if sort.lstrip("-") in SORTS else "",
    )


def _day(request: HttpRequest, name: str, default: dt.date) -> dt.date:
    text = request.GET.get(name, "")
    try:
        return dt.date.fromisoformat(text) if text else default
    except ValueError as wrong:
        words = pick(f"日期“{text[:20]}”有误，应为 2026-01-31 的形式", "a day looks like 2026-01-31")
        raise Refused(words, status=422, errors={name: [words]}) from wrong


def _sorted(found: list[Line], sort: str) -> list[Line]:
    name = sort.lstrip("-") or "key"
    backwards = sort.startswith("-")
    if name == "key":
        return sorted(found, key=lambda line: line.title or str(line.key), reverse=backwards)
    return sorted(found, key=lambda line: int(getattr(line, name)), reverse=backwards)


def _heads(by: str, sort: str) -> list[dict[str, Any]]:
    first = {"listener": ("接入方式", "Listener"), "device": ("设备", "Device"), "day": ("日期", "Day")}[by]
    titles = {
        "key": first,
        "received": ("收到", "Received"),
        "stored": ("入库", "Stored"),
        "control": ("控制报文", "Control"),
        "refused": ("拒收", "Rejected"),
        "flagged": ("存疑值", "Doubted values"),
    }
    return [
        {
            "name": name,
            "title": pick(*title),
            "next": f"-{name}" if sort == name else name,
            "sorted": "ascending" if sort == name else "descending" if sort == f"-{name}" else "",
        }
        for name, title in titles.items()
    ]


def _title(line: Line, by: str) -> str:
    if by == "listener":
        return listener_title(str(line.key))
    if by == "day":
        return str(line.key.isoformat())
    if line.key == 0:
        return pick("未登记设备与控制报文", "Unregistered senders and control")
    return line.title if line.title == line.code else f"{line.title}（{line.code}）"


def _shown(line: Line, asked: Asked, by: str) -> dict[str, Any]:
    return {
        "line": line,
        "title": "" if by == "all" else _title(line, by),
        "link": f"/places/devices/{line.key}/" if by == "device" and line.key else "",
        "reasons": [
            # what the database found to be there already is counted only, its bytes lie in the raw archive
            (reason_title(r), n, "" if r == DUPLICATE else _quarantine(line, asked, by, r))
            for r, n in sorted(line.rejected.items(), key=lambda pair: -pair[1])
        ],
    }


def _quarantine(line: Line, asked: Asked, by: str, reason: str) -> str:
    """The refused messages this number was counted from."""
    days = (line.key, line.key) if by == "day" else (asked.start, asked.end)
    wanted = {
        "reason": reason,
        "listener": line.key if by == "listener" else asked.listener,
        "received_at__from": days[0].isoformat(),
        "received_at__to": days[1].isoformat(),
    }
    if by == "device":
        wanted["device"] = str(line.key)
    return "/telemetry/quarantine/?" + urlencode({k: v for k, v in wanted.items() if v})
