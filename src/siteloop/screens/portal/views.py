"""The public portal: draws with their proof, publications. Shows what the facades call public and nothing else."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from siteloop.framework.language import pick
from siteloop.screens.portal.doors import public
from siteloop.systems.double_random import facade

ROWS = 20
STATIC = Path(__file__).parent / "static" / "portal"
KINDS_EN = {
    "objects": "Objects",
    "inspectors": "Inspectors",
    "process": "Process",
    "results": "Results",
    "use": "Use of the results",
}
STATES_EN = {
    "committed": "seed promised",
    "frozen": "lists frozen",
    "drawn": "drawn, to be published",
    "published": "published",
    "void": "void",
}


@public()
def home(request: HttpRequest) -> HttpResponse:
    """GET /portal/: what can be done here, and the newest."""
    context = {
        "draws": [_shown(d) for d in facade.draws(0, 4)],
        "notices": facade.notices("", 0, 4),
        "kinds": _kinds(),
    }
    return render(request, "portal/home.html", context)


def _kinds() -> dict[str, str]:
    return {code: pick(zh, KINDS_EN[code]) for code, zh in facade.KINDS}


def _shown(one: facade.PublicDraw) -> dict[str, Any]:
    return {"draw": one, "state": pick(one.state_title, STATES_EN.get(one.state, one.state))}


class _Counted:
    """A list that is fetched page by page through the facade."""

    ordered = True

    def __init__(self, count: int, fetch: Any) -> None:
        self._count, self._fetch = count, fetch

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> list[Any]:
        rows: list[Any] = self._fetch(part.start, part.stop - part.start)
        return rows


def leaf_of(request: HttpRequest, count: int, fetch: Any) -> Any:
    """The page asked for, of a list fetched by (start, most)."""
    rows: Any = _Counted(count, fetch)
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))


@public(0)
def language(request: HttpRequest, code: str) -> HttpResponse:
    """GET /portal/language/<code>?next=: the switch. By link, because pages kept by caches cannot hold a form's token."""
    wanted = request.GET.get("next", "")
    there = wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else "/portal/"
    answer = redirect(there)
    if code in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, code, max_age=31_536_000, samesite="Lax", httponly=True
        )
    return answer


@public()
def draws(request: HttpRequest) -> HttpResponse:
    """GET /portal/draws/?page=: every draw from its commitment on, void ones too."""
    leaf = leaf_of(request, facade.count_draws(), facade.draws)
    return render(request, "portal/draws.html", {"leaf": leaf, "rows": [_shown(d) for d in leaf.object_list]})


def _found(number: str) -> facade.PublicDraw:
    one = facade.draw(number)
    if one is None:
        raise Http404
    return one


@public()
def draw(request: HttpRequest, number: str) -> HttpResponse:
    """GET /portal/draws/<number>/: steps, digests, lists, result, and how to check it oneself."""
    one = _found(number)
    objects = {o["id"]: o for o in one.inputs.get("objects", [])}
    people = {p["id"]: p for p in one.inputs.get("inspectors", [])}
    total = sum(o["weight"] for o in objects.values())
    context = {
        **_shown(one),
        "result": [
            {
                "object": objects[row["object"]],
                "leader": people[row["leader"]]["name"],
                "group": [people[code]["name"] for code in row["group"]],
            }
            for row in one.result
        ],
        "objects": [
            {**o, "share": o["weight"] / total}
            for o in sorted(objects.values(), key=lambda o: (-o["weight"], o["id"]))
        ],
        "people": list(people.values()),
        "left_out": one.inputs.get("left_out", {}),
        "recusals": len(one.inputs.get("recusals", [])),
    }
    return render(request, "portal/draw.html", context)


def _file(body: bytes, kind: str, name: str, tag: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    if tag:
        answer["ETag"] = f'"{tag}"'
    return answer


@public(3600)
def inputs(request: HttpRequest, number: str) -> HttpResponse:
    """GET …/inputs.json: the frozen lists, byte for byte what the published digest was made of."""
    one = _found(number)
    text = facade.inputs_text(number)
    if not text:
        raise Http404
    return _file(text.encode(), "application/json; charset=utf-8", "inputs.json", one.inputs_sha256)


@public()
def record(request: HttpRequest, number: str) -> HttpResponse:
    """GET …/draw.json: commitment, digests, and once they are public seed, beacon and result."""
    body = json.dumps(_found(number).record(), ensure_ascii=False, indent=1)
    return _file(body.encode(), "application/json; charset=utf-8", "draw.json", "")


@public(3600)
def script(request: HttpRequest) -> HttpResponse:
    """GET /portal/replay_draw.py: the program that draws again, to be read and run by anybody."""
    body = (STATIC / "replay_draw.py").read_bytes()
    return _file(body, "text/x-python; charset=utf-8", "replay_draw.py", "")


@public(3600)
def algorithm(request: HttpRequest) -> HttpResponse:
    """GET /portal/algorithm/: the algorithm in words."""
    return render(request, "portal/algorithm.html")


@public()
def publications(request: HttpRequest) -> HttpResponse:
    """GET /portal/publications/?kind=&page=: the five publications."""
    kind = request.GET.get("kind", "")
    kinds = _kinds()
    if kind and kind not in kinds:
        raise Http404

    def fetch(start: int, most: int) -> list[facade.PublicNotice]:
        return facade.notices(kind, start, most)

    leaf = leaf_of(request, facade.count_notices(kind), fetch)
    context = {"leaf": leaf, "kind": kind, "kinds": kinds}
    return render(request, "portal/publications.html", context)
