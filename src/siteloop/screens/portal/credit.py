"""The public credit page: who is on the blacklist, bad and good behaviour on record, with their terms; persons masked."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from siteloop.framework.language import pick
from siteloop.screens.portal.doors import public
from siteloop.screens.portal.views import leaf_of
from siteloop.systems.credit import facade

LONGEST = 60  # letters of a name that is looked for


@public(0)  # what is repaired, withdrawn or appealed against is gone at the next look, from caches too
def credit(request: HttpRequest) -> HttpResponse:
    """GET /portal/credit/?kind=&search=&page=: published entries and records that are in force today."""
    kinds = {code: pick(zh, en) for code, zh, en in facade.KINDS}
    kind = request.GET.get("kind", "blacklist")
    if kind not in kinds:
        raise Http404
    words = request.GET.get("search", "").replace("\x00", "").strip()[:LONGEST]

    def fetch(start: int, most: int) -> list[facade.PublicLine]:
        return facade.published(kind, start, most, words)

    leaf = leaf_of(request, facade.count(kind, words), fetch)
    context = {"leaf": leaf, "kind": kind, "kinds": kinds, "words": words}
    return render(request, "portal/credit.html", context)
