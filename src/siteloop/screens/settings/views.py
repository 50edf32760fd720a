"""One place where a region's numbers are seen and set: what counts here, which level said so, what room is left, who changed it."""

import json
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from siteloop.foundation.packs import actions, ladder
from siteloop.foundation.packs.models import PackRule
from siteloop.foundation.packs.places import Place
from siteloop.foundation.regions.models import Region
from siteloop.foundation.regions.names import name
from siteloop.foundation.registry.models import Device, Project, Site
from siteloop.framework.action import Action, Refused
from siteloop.framework.language import pick, term
from siteloop.framework.perform import perform, permission_of
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer
from siteloop.screens.settings import asking, number_form, showing
from siteloop.screens.settings.asking import MODELS, Asked
from siteloop.screens.settings.number_form import Change

MOST_BELOW = 60
MOST_PROJECTS = 300


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /settings/?region=330482&kind=rules|values&search=&own=1, or ?project=7: everything in force there."""
    asked = asking.asked(request)
    kind = request.GET.get("kind", "rules")
    if kind not in MODELS:
        raise Http404
    words, only_own = request.GET.get("search", "").strip(), request.GET.get("own") == "1"
    found = asked.standings(kind)
    fitting = [s for s in found if _fits(s, words) and (s.is_own or not only_own)]
    context = {
        "kind": kind,
        "regions": _regions(asked.viewer, asked.place.region),
        "rows": [showing.standing(s) for s in fitting],
        "own": sum(s.is_own for s in found),
        "total": len(found),
        "search": words,
        "only_own": only_own,
        "may_system": asked.viewer.may("settings.system.view"),
        **asked.shown,
    }
    return render(request, "settings/settings.html", context)


@screen
def one(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """GET: the ladder of one rule or value, its history and its form. POST do=preview|save|reset."""
    asked = asking.asked(request)
    found = asked.standing(kind, key)
    errors: list[str] = []
    preview: dict[str, Any] | None = None
    if request.method == "POST":
        try:
            done, preview = _done(request, asked, found)
        except Refused as no:
            errors = asking.told(no)
        else:
            if done:
                messages.success(request, done)
                return redirect(f"{request.path}?{asked.query}")
    viewer, place, filled = asked.viewer, asked.place, asking.filled(request)
    context = {
        "kind": kind,
        "s": showing.standing(found),
        "projects": _projects(viewer, place.region) if asking.may_be_a_projects(kind, key) else [],
        "rungs": showing.rungs(found),
        "history": [
            showing.version(row) for row in ladder.history(MODELS[kind], key, place.region, place.project_id)
        ],
        "numbers": number_form.boxes(found, filled),
        "since": filled("effective_from", timezone.localdate().isoformat()),
        "reason": filled("reason", ""),
        "may_change": viewer.may(_permission(found.row, "override")) and asked.covers,
        "may_reset": found.own is not None
        and found.own.edited
        and viewer.may(_permission(found.row, "restore"))
        and asked.covers,
        "errors": errors,
        "preview": preview,
        "register": f"/packs/{kind}/{found.row.pk}/",
        "below": [showing.version(row) for row in _below(viewer, found, place)],
        **asked.shown,
        **showing.about(found),
    }
    return render(request, "settings/one.html", context, status=422 if errors else 200)


def _done(request: HttpRequest, asked: Asked, found: ladder.Standing) -> tuple[str, dict[str, Any] | None]:
    """(what was done, nothing) or ("", what would change). Raises Refused."""
    viewer = asked.viewer
    reason = request.POST.get("reason", "").strip()
    what = request.POST.get("do", "")
    if what not in ("preview", "save", "reset"):
        raise Refused(pick("没有这个操作", "No such act"), status=422)
    if what != "preview" and not reason:
        raise Refused(pick("请写明理由", "Say why"), status=422)
    if what == "reset":
        if found.own is None:
            raise Refused(pick("此处没有自己的设置", "Nothing is set here"))
        return str(perform(_action(found.row, "restore"), viewer, found.own, {}, reason)), None
    changes, data = _typed(request, found)
    data |= asked.place.named
    if request.POST.get("effective_from"):
        data["effective_from"] = request.POST["effective_from"]
    # a region's own row may be changed where it stands; naming the region makes one where there is none
    if what == "save":
        return str(perform(_action(found.row, "override"), viewer, found.row, data, reason)), None
    with transaction.atomic():
        perform(_action(found.row, "override"), viewer, found.row, data, reason)
        transaction.set_rollback(True)  # every check has spoken, nothing stays
    since = data.get("effective_from", timezone.localdate().isoformat())
    told = pick(f"尚未保存；保存后自 {since} 起施行。", f"Not saved yet; once saved in force from {since}.")
    return "", {"changes": changes, "told": told, **_reach(viewer, found, asked.place)}


def _typed(request: HttpRequest, found: ladder.Standing) -> tuple[list[Change], dict[str, Any]]:
    changes, wanted = number_form.typed(request, found)
    if not changes:
        raise Refused(pick("没有改动任何数值", "No number was changed"), status=422)
    if isinstance(found.row, PackRule):
        return changes, {"params": json.dumps(wanted)}
    is_plain = not isinstance(found.row.value, dict)
    return changes, {"value": json.dumps(wanted["value"] if is_plain else wanted)}


def _reach(viewer: Viewer, found: ladder.Standing, place: Place) -> dict[str, Any]:
    """How far a change goes: places and projects below with a word of their own are not touched."""
    devices = Device.objects.visible_to(viewer).filter(state="active")
    sites = Site.objects.visible_to(viewer).filter(state="under_construction")
    if place.project is not None:
        devices, sites = devices.filter(site__project=place.project), sites.filter(project=place.project)
        return {"devices": devices.count(), "sites": sites.count(), "untouched": []}
    devices, sites = (
        devices.filter(region_code__startswith=place.region),
        sites.filter(region_code__startswith=place.region),
    )
    below = [r.pack for r in ladder.lower(type(found.row), found.key, place.region, timezone.localdate())]
    projects = [p.project_id for p in below if p.project_id]
    codes = [p.region_code for p in below if not p.project_id]
    devices, sites = devices.exclude(site__project__in=projects), sites.exclude(project__in=projects)
    for code in codes:
        devices = devices.exclude(region_code__startswith=code)
        sites = sites.exclude(region_code__startswith=code)
    untouched = [name(c) for c in codes]
    if projects:
        untouched.append(pick(f"{len(projects)} 个项目", f"{len(projects)} projects"))
    return {"devices": devices.count(), "sites": sites.count(), "untouched": untouched}


def _below(viewer: Viewer, found: ladder.Standing, place: Place) -> list[ladder.Row]:
    """Places and visible projects inside the region that say it for themselves; a project has nothing below it."""
    if place.project is not None:
        return []
    rows = ladder.lower(type(found.row), found.key, place.region, timezone.localdate())
    asked = {row.pack.project_id for row in rows if row.pack.project_id}
    seen = set(Project.objects.visible_to(viewer).filter(pk__in=asked).values_list("pk", flat=True))
    return [row for row in rows if row.pack.project_id is None or row.pack.project_id in seen]


def _action(row: ladder.Row, verb: str) -> Action:
    if isinstance(row, PackRule):
        return actions.override_rule if verb == "override" else actions.restore_rule
    return actions.override_value if verb == "override" else actions.restore_value


def _permission(row: ladder.Row, verb: str) -> str:
    one = _action(row, verb)
    return one.permission or permission_of(one.model, one.code)


def _projects(viewer: Viewer, region: str) -> list[tuple[int, str]]:
    """Projects of the region that a rule may be set for, by name."""
    found = Project.objects.visible_to(viewer).filter(region_code__startswith=region)
    return list(found.order_by("name").values_list("pk", "name")[:MOST_PROJECTS])


def _regions(viewer: Viewer, region: str) -> list[tuple[str, str]]:
    """The levels above, the viewer's own regions and what lies right below the shown one."""
    above = ["", *(region[:n] for n in (2, 4, 6) if len(region) > n)]
    below = (
        Region.objects.unscoped("names are public").filter(parent__code=region)
        if region
        else Region.objects.unscoped("names are public").filter(parent=None)
    )
    codes = [
        *above,
        *viewer.regions,
        region,
        *below.order_by("code").values_list("code", flat=True)[:MOST_BELOW],
    ]
    return [(code, showing.level(code)) for code in dict.fromkeys(codes)]


def _fits(s: ladder.Standing, words: str) -> bool:
    return not words or any(
        words.lower() in text.lower() for text in (s.key, s.row.title, term(s.row.title), s.row.clause)
    )
