"""The public page of bad behaviour of supervisor firms and their people, within its term; persons masked (SUPV-05)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from siteloop.screens.portal.doors import public
from siteloop.screens.portal.views import leaf_of
from siteloop.systems.supervisor_firms import facade

LONGEST = 60  # letters of a name that is looked for


@public(0)  # what is withdrawn is gone at the next look, from caches too
def misconducts(request: HttpRequest) -> HttpResponse:
    """GET /portal/misconducts/?search=&page=: what is published today, the newest first."""
    words = request.GET.get("search", "").replace("\x00", "").strip()[:LONGEST]

    def fetch(start: int, most: int) -> list[facade.PublicMisconduct]:
        return facade.misconducts(words, start, most)

    leaf = leaf_of(request, facade.count_misconducts(words), fetch)
    return render(request, "portal/misconducts.html", {"leaf": leaf, "words": words})
