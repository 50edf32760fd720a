"""Every declared register answers: list with every filter, order and search, description, export, template."""

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from siteloop.framework.listing import Listing
from siteloop.framework.pages_found import all_pages, field_at, label
from siteloop.framework.testing import caller

PAGES = all_pages() if apps.ready else ()


@pytest.fixture
def who(db, tested_paths, fast_plane):
    return caller(["*"], "")


@pytest.mark.parametrize("register", PAGES, ids=lambda p: f"{label(p)}.{p.code}")
def test_register_answers(register, who):
    page = register
    api = f"/api/v1/{label(page)}/{page.code}"
    queries = ["", "?search=%E6%B5%8B", *(f"?ordering=-{name}" for name in Listing.sortable_of(page))]
    for name in page.filters:
        field = field_at(page.model, name)
        if isinstance(field, models.DateField):
            queries.append(f"?{name}__from=2026-01-01&{name}__to=2026-12-31")
        elif isinstance(field, models.BooleanField):
            queries.append(f"?{name}=false")
        elif getattr(field, "choices", None):
            queries.append(f"?{name}={field.flatchoices[0][0]}")
        else:
            queries.append(f"?{name}=1")
    for query in queries:
        answer = who.get(api + query)
        assert answer.status_code == 200, (query, answer.content)
        assert set(answer.json()) == {"count", "page", "page_size", "results"}
    assert who.get(f"/api/v1/ui/{label(page)}/{page.code}").status_code == 200
    assert who.get(f"{api}/999999999").status_code == 404
    if page.exportable:
        for form in ("csv", "xlsx"):
            assert who.get(f"{api}/export?format={form}").status_code == 200
    if page.importable and page.can_create and page.form:
        assert who.get(f"{api}/import/template").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("register", PAGES, ids=lambda p: f"{label(p)}.{p.code}")
def test_register_is_shown(register):
    page = register
    desk, html = f"/{label(page)}/{page.code}/", caller(["*"], "").html
    shown = html.get(desk)
    assert shown.status_code == 200
    assert page.title in shown.content.decode()
    if page.can_create and page.form:
        assert html.get(f"{desk}new").status_code == 200
        assert html.post(f"{desk}new", {}).status_code in (302, 422)
    assert html.get(f"{desk}999999999/").status_code == 404
    assert caller(["nothing"], "").html.get(desk).status_code == 403


def test_the_contract_is_whole(tested_paths):
    contract = Client().get("/api/v1/openapi.json").json()
    for page in PAGES:
        assert f"/api/v1/{label(page)}/{page.code}" in contract["paths"]
    ids = [
        op["operationId"]
        for path in contract["paths"].values()
        for op in path.values()
        if "operationId" in op
    ]
    assert len(ids) == len(set(ids)), sorted(i for i in ids if ids.count(i) > 1)
    for path in ("/api/v1/cases", "/api/v1/findings", "/api/v1/token"):
        assert path in contract["paths"]
