"""Back-tests of a rule: ask for one, watch it, call it off, read what came of it, take its numbers into the edit form."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from siteloop.foundation.packs import back_tests, ladder, meaning, places
from siteloop.foundation.packs.models import BackTestRun, BackTestState, PackRule
from siteloop.foundation.packs.places import Place
from siteloop.foundation.packs.resolve import bounds_above
from siteloop.foundation.regions.names import full_name, name
from siteloop.foundation.registry.models import Site
from siteloop.framework.action import Refused
from siteloop.framework.language import pick, term
from siteloop.framework.perform import perform, require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer, viewer_of
from siteloop.kernel.times import from_us
from siteloop.screens.settings import asking, day_bars, number_form, showing
from siteloop.screens.settings.asking import Asked
from siteloop.screens.settings.trial_views import readings

LISTED = 20
USUAL_DAYS = 7
OPEN = (BackTestState.QUEUED, BackTestState.RUNNING)


@screen
def page(request: HttpRequest, key: str) -> HttpResponse:
    """GET /settings/rules/<key>/back-tests/?region= or ?project=: the form and what was tested. POST: ask for one."""
    asked = asking.asked(request)
    found = asked.standing("rules", key)
    row = found.row
    if not isinstance(row, PackRule):
        raise Http404
    errors: list[str] = []
    if request.method == "POST":
        try:
            messages.success(request, _ask(request, asked, found, row))
        except Refused as no:
            errors = asking.told(no)
        else:
            made = back_tests.last_asked(key, asked.place, asked.viewer)
            return redirect(f"/settings/back-tests/{made.pk}/" if made else request.path)
    today, filled = timezone.localdate(), asking.filled(request)
    context = {
        "kind": "rules",
        "s": showing.standing(found),
        "tab": "back-tests",
        "numbers": number_form.boxes(found, filled),
        "start": filled("start", (today - dt.timedelta(days=USUAL_DAYS - 1)).isoformat()),
        "end": filled("end", today.isoformat()),
        "today": today.isoformat(),
        "most_days": back_tests.MOST_DAYS,
        "may_test": asked.viewer.may(back_tests.PERMISSION) and asked.covers and row.enabled,
        "is_off": not row.enabled,
        "runs": [_line(run) for run in _known(asked, key)],
        "errors": errors,
        **asked.shown,
        **showing.about(found),
    }
    return render(request, "settings/back_tests.html", context, status=422 if errors else 200)


def _ask(request: HttpRequest, asked: Asked, found: ladder.Standing, row: PackRule) -> str:
    """Raises Refused."""
    _, wanted = number_form.typed(request, found)
    data = {
        "start": request.POST.get("start"),
        "end": request.POST.get("end"),
        "params": json.dumps(wanted) if wanted else "",
        **asked.place.named,
    }
    return str(perform(back_tests.back_test, asked.viewer, row, data))


def _known(asked: Asked, key: str) -> QuerySet[BackTestRun]:
    """A region's page lists the tests of what lies below too, its projects among them."""
    place = asked.place
    inside = {"project": place.project} if place.project else {"region_code__startswith": place.region}
    runs = BackTestRun.objects.visible_to(asked.viewer).filter(code=key, **inside)
    return runs.select_related("rule", "project")[:LISTED]


@screen
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /settings/back-tests/<pk>/: progress or result; `?part=1` only the part that changes. POST: cancel."""
    viewer = viewer_of(request)
    require(viewer, "packs.packrule.view")
    run = BackTestRun.objects.visible_to(viewer).filter(pk=pk).select_related("rule__pack", "project").first()
    if run is None:
        raise Http404
    if request.method == "POST":
        try:
            messages.success(request, str(perform(back_tests.cancel_back_test, viewer, run)))
        except Refused as no:
            messages.error(request, no.message)
        return redirect(request.path)
    place = places.of(run)
    context = {
        "run": run,
        "line": _line(run),
        "place_name": place.project.name if place.project else full_name(place.region),
        "is_open": run.state in OPEN,
        "waiting": BackTestRun.objects.unscoped("only how many stand before it")
        .filter(state__in=OPEN, pk__lt=run.pk)
        .count()
        if run.state == BackTestState.QUEUED
        else 0,
        "percent": round(run.progress * 100),
        "may_cancel": viewer.may(back_tests.PERMISSION) and viewer.covers(place.region),
        "result": _result(viewer, run) if run.result else None,
        "take_over": _take_over(viewer, run, place),
        "back": f"/settings/rules/{run.code}/back-tests/?{asking.query(place)}",
    }
    name_ = "settings/parts/back_test.html" if request.GET.get("part") else "settings/back_test.html"
    return render(request, name_, context)


def _line(run: BackTestRun) -> dict[str, Any]:
    last = run.end - dt.timedelta(microseconds=1)
    counted = run.result or {}
    return {
        "run": run,
        "project": run.project,
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
        "state": term(run.get_state_display()),
        "colour": {"done": "green", "failed": "red", "running": "blue"}.get(run.state, "secondary"),
        "seconds": (run.ended_at - run.started_at).total_seconds()
        if run.ended_at and run.started_at
        else None,
    }


def _take_over(viewer: Viewer, run: BackTestRun, place: Place) -> dict[str, str] | None:
    """The way to make the tested numbers the new version: the edit form, filled in. None where there is nothing to take."""
    is_over_readings = run.state == BackTestState.DONE and bool((run.result or {}).get("readings"))
    if not is_over_readings or not run.changes or not viewer.covers(place.region):
        return None
    today = timezone.localdate()
    standing = ladder.standing(PackRule, run.code, place.region, today, place.project_id)
    if standing is None:
        return None
    room = standing.room or bounds_above(run.code, run.rule.pack, PackRule, today)
    outside = [
        meaning.title(n)
        for n, v in run.changes.items()
        if n in room and isinstance(v, int | float) and not room[n][0] <= v <= room[n][1]
    ]
    filled = {f"n-{n}": v for n, v in run.changes.items()}
    filled["reason"] = f"回溯测试 {run.pk} 的结果"
    carried = f"{asking.query(place)}&{urlencode(filled)}"
    return {
        "href": f"/settings/rules/{run.code}/?{carried}#form",
        "trial": f"/settings/rules/{run.code}/trial/?{carried}#form",
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
    return {
        **kept,
        "is_tried": bool(run.changes),
        # of the numbers tried: several warnings of today may lie within one that lasts longer
        "kept": kept["candidate"] - kept["only_candidate"],
        "readings_shown": f"{kept['readings']:,}",
        "chart": day_bars.bars(kept["days"]),
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
