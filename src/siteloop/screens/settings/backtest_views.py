"""Back-tests of a rule: ask for one, watch it, call it off, read what came of it, take its numbers into the edit form."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from siteloop.foundation.packs import back_tests, ladder, meaning
from siteloop.foundation.packs.models import BackTestRun, BackTestState, PackRule
from siteloop.foundation.packs.resolve import bounds_above
from siteloop.foundation.regions.names import full_name, name
from siteloop.foundation.registry.models import Site
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import perform
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.kernel.times import from_us
from siteloop.screens.settings import views
from siteloop.screens.settings.trial_views import readings

LISTED = 20
USUAL_DAYS = 7
OPEN = (BackTestState.QUEUED, BackTestState.RUNNING)


@screen
def page(request: HttpRequest, key: str) -> HttpResponse:
    """GET /settings/rules/<key>/back-tests/?region=: the form and what was tested. POST: ask for one."""
    viewer, region, found = views.standing_asked(request, "rules", key)
    row = found.row
    if not isinstance(row, PackRule):
        raise Http404
    errors: list[str] = []
    if request.method == "POST":
        try:
            _, wanted = views.numbers_typed(request, found)
            data = {
                "start": request.POST.get("start"),
                "end": request.POST.get("end"),
                "region_code": region,
                "params": json.dumps(wanted) if wanted else "",
            }
            messages.success(request, str(perform(back_tests.back_test, viewer, row, data)))
        except Refused as no:
            errors = list(dict.fromkeys([no.message, *(m for told in no.errors.values() for m in told)]))
        else:
            asked = back_tests.last_asked(key, region, viewer)
            return redirect(f"/settings/back-tests/{asked.pk}/" if asked else request.path)
    today = timezone.localdate()
    typed = request.POST or request.GET
    context = {
        "kind": "rules",
        "s": views.shown(found),
        "region": region,
        "region_name": full_name(region),
        "tab": "back-tests",
        "numbers": [(n, typed.get(f"n-{n.name}", f"{n.value:g}")) for n in ladder.numbers(row, found.room)],
        "start": typed.get("start", (today - dt.timedelta(days=USUAL_DAYS - 1)).isoformat()),
        "end": typed.get("end", today.isoformat()),
        "today": today.isoformat(),
        "most_days": back_tests.MOST_DAYS,
        "may_test": viewer.may(back_tests.PERMISSION) and viewer.covers(region) and row.enabled,
        "is_off": not row.enabled,
        "runs": [
            _line(run)
            for run in BackTestRun.objects.visible_to(viewer)
            .filter(code=key, region_code__startswith=region)
            .select_related("rule")[:LISTED]
        ],
        "errors": errors,
        **views.about(found, viewer),
    }
    return render(request, "settings/back_tests.html", context, status=422 if errors else 200)


@screen
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /settings/back-tests/<pk>/: progress or result; `?part=1` only the part that changes. POST: cancel."""
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.may("packs.packrule.view"):
        raise Refused("没有权限", status=403)
    run = BackTestRun.objects.visible_to(viewer).filter(pk=pk).select_related("rule__pack").first()
    if run is None:
        raise Http404
    if request.method == "POST":
        try:
            messages.success(request, str(perform(back_tests.cancel_back_test, viewer, run)))
        except Refused as no:
            messages.error(request, no.message)
        return redirect(request.path)
    context = {
        "run": run,
        "line": _line(run),
        "region_name": full_name(run.region_code),
        "is_open": run.state in OPEN,
        "waiting": BackTestRun.objects.unscoped("only how many stand before it")
        .filter(state__in=OPEN, pk__lt=run.pk)
        .count()
        if run.state == BackTestState.QUEUED
        else 0,
        "percent": round(run.progress * 100),
        "may_cancel": viewer.may(back_tests.PERMISSION) and viewer.covers(run.region_code),
        "result": _result(viewer, run) if run.result else None,
        "take_over": _take_over(viewer, run),
        "back": f"/settings/rules/{run.code}/back-tests/?region={run.region_code}",
    }
    name_ = "settings/parts/back_test.html" if request.GET.get("part") else "settings/back_test.html"
    return render(request, name_, context)


def _line(run: BackTestRun) -> dict[str, Any]:
    last = run.end - dt.timedelta(microseconds=1)
    counted = run.result or {}
    return {
        "run": run,
        "today": counted.get("today", "—"),
        "tried": counted.get("candidate", "—") if run.changes else "—",
        "first": timezone.localtime(run.start).date(),
        "last": timezone.localtime(last).date(),
        "numbers": [
            (
                meaning.title(n),
                meaning.text(run.rule, n, run.rule.params[n]) if n in run.rule.params else "—",
                meaning.text(run.rule, n, v),
            )
            for n, v in run.changes.items()
        ],
        "state": run.get_state_display(),
        "colour": {"done": "green", "failed": "red", "running": "blue"}.get(run.state, "secondary"),
        "seconds": (run.ended_at - run.started_at).total_seconds()
        if run.ended_at and run.started_at
        else None,
    }


def _take_over(viewer: Viewer, run: BackTestRun) -> dict[str, str] | None:
    """The way to make the tested numbers the new version: the edit form, filled in. None where there is nothing to take."""
    if run.state != BackTestState.DONE or not run.changes or not viewer.covers(run.region_code):
        return None
    today = timezone.localdate()
    standing = ladder.standing(PackRule, run.code, run.region_code, today)
    if standing is None:
        return None
    room = standing.room or bounds_above(run.code, run.rule.pack, PackRule, today)
    outside = [
        meaning.title(n)
        for n, v in run.changes.items()
        if n in room and isinstance(v, int | float) and not room[n][0] <= v <= room[n][1]
    ]
    filled = {f"n-{n}": v for n, v in run.changes.items()}
    filled |= {"region": run.region_code, "reason": f"回溯测试 {run.pk} 的结果"}
    return {
        "href": f"/settings/rules/{run.code}/?{urlencode(filled)}#form",
        "trial": f"/settings/rules/{run.code}/trial/?{urlencode(filled)}#form",
        "outside": "、".join(outside),
    }


def _result(viewer: Viewer, run: BackTestRun) -> dict[str, Any]:
    """The kept result with names of places; sites are looked up within the viewer's scope."""
    kept: dict[str, Any] = run.result or {}
    sites = dict(
        Site.objects.visible_to(viewer)
        .filter(pk__in={p["site"] for p in kept["places"]} | {h["site"] for h in kept["new"] + kept["gone"]})
        .values_list("pk", "name")
    )
    most = max((max(today, tried) for _, today, tried in kept["days"]), default=0)
    return {
        **kept,
        "is_tried": bool(run.changes),
        "readings_shown": f"{kept['readings']:,}",
        "bars": [
            {
                "day": day[5:],
                "today": today,
                "tried": tried,
                "today_height": round(100 * today / most) if most else 0,
                "tried_height": round(100 * tried / most) if most else 0,
            }
            for day, today, tried in kept["days"]
        ],
        "most": most,
        "sites": [
            {
                **p,
                "name": sites.get(p["site"], ""),
                "town": name(p["region"]),
                "difference": p["candidate"] - p["today"],
            }
            for p in kept["places"]
        ],
        "groups": [
            {
                "title": pick("会新增的预警", "Warnings that would come"),
                "total": kept["only_candidate"],
                "rows": [_hit(h, sites) for h in kept["new"]],
            },
            {
                "title": pick("会消失的预警", "Warnings that would go"),
                "total": kept["only_today"],
                "rows": [_hit(h, sites) for h in kept["gone"]],
            },
        ]
        if run.changes
        else [],
    }


def _hit(hit: dict[str, Any], sites: dict[int, str]) -> dict[str, Any]:
    since = from_us(hit["since"])
    until = from_us(hit["until"]) if hit["until"] is not None else None
    return {
        "site": hit["site"],
        "name": sites.get(hit["site"], ""),
        "since": since,
        "until": until,
        "minutes": round((until - since).total_seconds() / 60) if until else None,
        "value": hit["value"],
        "unit": hit["unit"],
        "message": hit["message"],
        "readings": readings(hit["device"], since, until),
    }
