"""One place where a region's numbers are seen and set: what counts here, which level said so, what room is left, who changed it."""

import json
import math
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from siteloop.foundation.packs import actions, ladder, meaning, wording
from siteloop.foundation.packs.models import Pack, PackRule, PackValue
from siteloop.foundation.packs.resolve import OF_PROJECTS
from siteloop.foundation.regions.models import Region
from siteloop.foundation.regions.names import full_name, name
from siteloop.foundation.registry.models import Device, Project, Site
from siteloop.framework.action import Action, Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import perform, permission_of
from siteloop.framework.screen import screen
from siteloop.framework.viewer import Viewer

MODELS: dict[str, type[PackRule] | type[PackValue]] = {"rules": PackRule, "values": PackValue}
LEVELS = {
    0: ("国家", "Nation"),
    2: ("省级", "Province"),
    4: ("市级", "City"),
    6: ("县级", "County"),
    9: ("镇街", "Town"),
}
MOST_BELOW = 60
MOST_PROJECTS = 300


@dataclass(frozen=True)
class Change:
    """One number before and after."""

    title: str
    before: float
    after: float


@screen
def page(request: HttpRequest) -> HttpResponse:
    """GET /settings/?region=330482&kind=rules|values&search=&own=1: everything in force at a region."""
    viewer = _viewer(request)
    region = _region(request, viewer)
    kind = request.GET.get("kind", "rules")
    if kind not in MODELS:
        raise Http404
    words, only_own = request.GET.get("search", "").strip(), request.GET.get("own") == "1"
    found = ladder.standings(MODELS[kind], region, timezone.localdate())
    fitting = [s for s in found if _fits(s, words) and (s.is_own or not only_own)]
    context = {
        "kind": kind,
        "tabs": [
            (c, pick(*t)) for c, t in (("rules", ("预警规则", "Rules")), ("values", ("参数", "Values")))
        ],
        "region": region,
        "region_name": full_name(region),
        "regions": _regions(viewer, region),
        "rows": [shown(s) for s in fitting],
        "own": sum(s.is_own for s in found),
        "total": len(found),
        "search": words,
        "only_own": only_own,
        "may_system": viewer.may("settings.system.view"),
    }
    return render(request, "settings/settings.html", context)


@screen
def one(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """GET: the ladder of one rule or value, its history and its form. POST do=preview|save|reset."""
    viewer, region, found = standing_asked(request, kind, key)
    project = _project(request, viewer)
    place = f"project={project.pk}" if project else f"region={region}"
    errors: list[str] = []
    preview: dict[str, Any] | None = None
    if request.method == "POST":
        try:
            done, preview = _done(request, viewer, found, region, project)
        except Refused as no:
            errors = list(dict.fromkeys([no.message, *(m for told in no.errors.values() for m in told)]))
        else:
            if done:
                messages.success(request, done)
                return redirect(f"{request.path}?{place}")
    numbers = ladder.numbers(found.row, found.room)
    typed = (
        request.POST if request.method == "POST" else request.GET
    )  # a back-test or a trial may fill in the form
    context = {
        "kind": kind,
        "s": shown(found),
        "region": region,
        "region_name": full_name(region),
        "project": project,
        "place": place,
        "projects": _projects(viewer, region) if _may_be_a_projects(kind, key) else [],
        "regions": _regions(viewer, region),
        "rungs": [_rung(r) for r in _telling(found.rungs)],
        "history": [_version(row) for row in ladder.history(MODELS[kind], key, region, _pk(project))],
        "numbers": [(n, typed.get(f"n-{n.name}", f"{n.value:g}")) for n in numbers],
        "since": typed.get("effective_from", timezone.localdate().isoformat()),
        "reason": typed.get("reason", ""),
        "may_change": viewer.may(_permission(found.row, "override")) and viewer.covers(region),
        "may_reset": found.own is not None
        and found.own.edited
        and viewer.may(_permission(found.row, "restore"))
        and viewer.covers(region),
        "errors": errors,
        "preview": preview,
        "register": f"/packs/{kind}/{found.row.pk}/",
        "below": [_version(row) for row in _below(viewer, found, region, project)],
        **about(found, viewer),
    }
    return render(request, "settings/one.html", context, status=422 if errors else 200)


def standing_asked(request: HttpRequest, kind: str, key: str) -> tuple[Viewer, str, ladder.Standing]:
    """(who asks, region, how the rule or value stands there). Raises Refused 403, Http404."""
    viewer = _viewer(request)
    if kind not in MODELS:
        raise Http404
    project = _project(request, viewer)
    if project is not None and not _may_be_a_projects(kind, key):
        raise Http404
    region = project.region_code if project else _region(request, viewer)
    found = ladder.standing(MODELS[kind], key, region, timezone.localdate(), _pk(project))
    if found is None:
        raise Http404
    return viewer, region, found


def about(found: ladder.Standing, viewer: Viewer) -> dict[str, Any]:
    """What a rule judges and which tabs it has; nothing for a value."""
    row = found.row
    if not isinstance(row, PackRule):
        return {}
    title, words = meaning.kind(row)
    return {
        "judges": {"title": title, "words": words, "facts": meaning.facts(row)},
        "rule_tabs": [
            ("rule", "", pick("规则", "Rule")),
            ("trial", "trial/", pick("试运行", "Trial")),
            ("back-tests", "back-tests/", pick("回溯测试", "Back-test")),
        ],
    }


def _done(
    request: HttpRequest, viewer: Viewer, found: ladder.Standing, region: str, project: Project | None
) -> tuple[str, dict[str, Any] | None]:
    """(what was done, nothing) or ("", what would change). Raises Refused."""
    reason = request.POST.get("reason", "").strip()
    what = request.POST.get("do", "")
    if what not in ("preview", "save", "reset"):
        raise Refused(pick("没有这个操作", "No such act"), status=422)
    if what != "preview" and not reason:
        raise Refused(pick("请写明理由", "Say why"), status=422)
    if what == "reset":
        if found.own is None:
            raise Refused(pick("本区没有自己的设置", "The region says nothing of its own"))
        return str(perform(_action(found.row, "restore"), viewer, found.own, {}, reason)), None
    changes, data = _typed(request, found)
    data |= {"project": project.pk} if project else {"region_code": region}
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
    return "", {"changes": changes, "told": told, **_reach(viewer, found, region, project)}


def not_a_number(number: ladder.Number, text: str) -> Refused:
    """Names the box."""
    told = pick(f"{number.title}：“{text[:20]}”不是数字", f"{number.title}: not a number")
    return Refused(told, status=422)


def numbers_typed(
    request: HttpRequest, found: ladder.Standing
) -> tuple[list[Change], dict[str, float | int]]:
    """The numbers that were changed in the form. Raises Refused 422 for what is no number."""
    wanted: dict[str, float | int] = {}
    changes = []
    for number in ladder.numbers(found.row, found.room):
        text = request.POST.get(f"n-{number.name}", "").strip()
        if not text:
            continue
        try:
            value = float(text)
        except ValueError as wrong:
            raise not_a_number(number, text) from wrong
        if not math.isfinite(value):
            raise not_a_number(number, text)
        if value == number.value:
            continue
        wanted[number.name] = int(value) if value.is_integer() else value
        changes.append(Change(number.title, number.value, value))
    return changes, wanted


def _typed(request: HttpRequest, found: ladder.Standing) -> tuple[list[Change], dict[str, Any]]:
    changes, wanted = numbers_typed(request, found)
    if not changes:
        raise Refused(pick("没有改动任何数值", "No number was changed"), status=422)
    if isinstance(found.row, PackRule):
        return changes, {"params": json.dumps(wanted)}
    is_plain = not isinstance(found.row.value, dict)
    return changes, {"value": json.dumps(wanted["value"] if is_plain else wanted)}


def _reach(viewer: Viewer, found: ladder.Standing, region: str, project: Project | None) -> dict[str, Any]:
    """How far a change goes: places and projects below with a word of their own are not touched."""
    devices = Device.objects.visible_to(viewer).filter(state="active")
    sites = Site.objects.visible_to(viewer).filter(state="under_construction")
    if project is not None:
        devices, sites = devices.filter(site__project=project), sites.filter(project=project)
        return {"devices": devices.count(), "sites": sites.count(), "untouched": []}
    devices, sites = (
        devices.filter(region_code__startswith=region),
        sites.filter(region_code__startswith=region),
    )
    below = [r.pack for r in ladder.lower(type(found.row), found.key, region, timezone.localdate())]
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


def _below(viewer: Viewer, found: ladder.Standing, region: str, project: Project | None) -> list[ladder.Row]:
    """Places and visible projects inside the region that say it for themselves; a project has nothing below it."""
    if project is not None:
        return []
    rows = ladder.lower(type(found.row), found.key, region, timezone.localdate())
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


def _viewer(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]
    if not viewer.may("packs.packrule.view"):
        raise Refused("没有权限", status=403)
    return viewer


def _region(request: HttpRequest, viewer: Viewer) -> str:
    """The asked region; by default the viewer's own. Rules are public to read, so any region may be looked at."""
    asked = request.GET.get("region")
    if asked is None:
        return viewer.regions[0] if viewer.regions else ""
    if asked and not Region.objects.unscoped("names are public").filter(code=asked).exists():
        raise Http404
    return asked


def _project(request: HttpRequest, viewer: Viewer) -> Project | None:
    """The asked project, None where a region is asked about. Raises Http404 for one the viewer does not see."""
    asked = request.GET.get("project", "")
    if not asked:
        return None
    found = Project.objects.visible_to(viewer).filter(pk=int(asked) if asked.isdecimal() else 0).first()
    if found is None:
        raise Http404
    return found


def _may_be_a_projects(kind: str, key: str) -> bool:
    """Whether one project may have its own: every rule, and the values that are asked with a project."""
    return kind == "rules" or key in OF_PROJECTS


def _pk(project: Project | None) -> int | None:
    return project.pk if project is not None else None


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
    return [(code, f"{pick(*LEVELS.get(len(code), ('', '')))} {name(code)}") for code in dict.fromkeys(codes)]


def _fits(s: ladder.Standing, words: str) -> bool:
    return not words or any(words.lower() in text.lower() for text in (s.key, s.row.title, s.row.clause))


def _words(row: ladder.Row) -> str:
    if isinstance(row, PackRule):
        return pick("，", ", ").join(f"{f.title} {f.text}" for f in meaning.facts(row))
    return wording.value(row)


def _level(pack: Pack) -> str:
    if pack.project_id:
        return f"{pick('项目', 'Project')} {pack.project}"
    return f"{pick(*LEVELS.get(len(pack.region_code), ('', '')))} {name(pack.region_code)}"


def shown(s: ladder.Standing) -> dict[str, Any]:
    row = s.row
    return {
        "key": s.key,
        "row": row,
        "words": _words(row) or pick("无参数", "no numbers"),
        "level": _level(row.pack),
        "is_own": s.is_own,
        "severity": row.severity if isinstance(row, PackRule) else "",
        "is_off": isinstance(row, PackRule) and not row.enabled,
        "shadow": isinstance(row, PackRule) and row.shadow,
        "room": [(wording.PARAMETERS.get(n, n), low, high) for n, (low, high) in s.room.items()],
    }


def _telling(rungs: tuple[ladder.Rung, ...]) -> list[ladder.Rung]:
    """A region with several packs stands once where none of them says anything."""
    found: list[ladder.Rung] = []
    for r in rungs:
        same = [o for o in rungs if o.pack.region_code == r.pack.region_code]
        if r.row is not None or (all(o.row is None for o in same) and r is same[0]):
            found.append(r)
    return found


def _rung(r: ladder.Rung) -> dict[str, Any]:
    row = r.row
    return {
        "level": _level(r.pack),
        "pack": r.pack,
        "row": row,
        "counts": r.counts,
        "words": _words(row) if row else "",
        "room": wording.room(row) if row else "",
    }


def _version(row: ladder.Row) -> dict[str, Any]:
    return {
        "row": row,
        "level": _level(row.pack),
        "words": _words(row),
        "who": row.set_by or pick("规则包文件", "pack file"),
    }
