"""The pages of every register: list, record, form, action, export, import. HTMX swaps parts; all of it works without scripts."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode

from siteloop.framework import exporting, importing, perform
from siteloop.framework.action import Action, Refused
from siteloop.framework.fields import kind_of, link, text
from siteloop.framework.forms import inputs_of, posted, record_lines, written
from siteloop.framework.language import pick
from siteloop.framework.listing import PAGE_SIZES, Listing, titles
from siteloop.framework.models import SavedView, TrailEntry
from siteloop.framework.page import Page
from siteloop.framework.pages_found import page as find_page
from siteloop.framework.pages_found import path_of
from siteloop.framework.viewer import Viewer

View = Callable[..., HttpResponseBase]


def _desk(view: View) -> View:
    """Finds the page, sends strangers to the sign-in, turns a refusal into its page."""

    @wraps(view)
    def run(request: HttpRequest, label: str, code: str, **more: Any) -> HttpResponseBase:
        viewer: Viewer = request.viewer  # type: ignore[attr-defined]
        if viewer.user is None:
            return redirect(f"/sign-in?{urlencode({'next': request.get_full_path()})}")
        found = find_page(label, code)
        if found is None:
            raise Http404
        try:
            return view(request, found, viewer, **more)
        except Refused as no:
            if no.status == 404:
                raise Http404 from no
            return refused(request, no)

    return run


def refused(request: HttpRequest, no: Refused) -> HttpResponse:
    """A refusal as a page (or as a part for HTMX)."""
    return render(request, "framework/refused.html", {"no": no}, status=no.status)


def _row(found: Page, viewer: Viewer, pk: int) -> Any:
    perform.require(viewer, perform.permission_of(found.model, "view"))
    row = perform.visible(found.model, viewer).select_related(*found.related).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _rights(found: Page, viewer: Viewer) -> dict[str, bool]:
    may = {
        v: viewer.may(perform.permission_of(found.model, v))
        for v in ("create", "change", "delete", "export", "import")
    }
    return {
        "create": found.can_create and bool(found.form) and may["create"],
        "change": found.can_change and bool(found.form) and may["change"],
        "delete": found.can_delete and may["delete"],
        "export": found.exportable and may["export"],
        "import": found.importable and bool(found.form) and found.can_create and may["import"],
    }


@_desk
def register_list(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponse:
    """GET: the table with filters, search, sort and pages; HTMX gets the table alone."""
    listing = Listing(found, viewer, request.GET.dict())
    columns = titles(found)
    sortable = listing.sortable()
    rows = [
        {
            "pk": row.pk,
            "cells": [
                (column, title, text(row, column), link(row, column), _colour(row, column))
                for column, title in columns
            ],
        }
        for row in listing.rows()
    ]
    order = listing.params.get("ordering", "")
    heads = [
        {
            "title": title,
            "name": column.name,
            "sortable": column.name in sortable,
            "next": f"-{column.name}" if order == column.name else column.name,
            "sorted": "ascending"
            if order == column.name
            else "descending"
            if order == f"-{column.name}"
            else "",
            "number": kind_of(found.model, column) in ("number", "money", "percent"),
        }
        for column, title in columns
    ]
    context = {
        "page": found,
        "title": pick(found.title, found.title_en),
        "path": path_of(found),
        "listing": listing,
        "filters": listing.filters(),
        "is_filtered": bool(set(listing.params) - {"page", "page_size", "ordering"}),
        "heads": heads,
        "rows": rows,
        "sizes": PAGE_SIZES,
        "rights": _rights(found, viewer),
        "views": SavedView.objects.filter(account=viewer.user or 0, page=path_of(found)),
        "bulk": [
            a
            for a in found.actions
            if a.bulk and viewer.may(a.permission or perform.permission_of(found.model, a.code))
        ],
    }
    is_part = request.headers.get("HX-Request") == "true" and not request.headers.get("HX-Boosted")
    return render(request, "register/parts/table.html" if is_part else "register/list.html", context)


def _colour(row: Any, column: Any) -> str:
    """Risk colour of a colour cell, so that it is shown as a badge."""
    return str(getattr(row, column.name, "")) if column.kind == "colour" else ""


@_desk
def register_detail(request: HttpRequest, found: Page, viewer: Viewer, pk: int) -> HttpResponse:
    """GET: one record with its sections, panels, actions and trail."""
    row = _row(found, viewer, pk)
    actions = [
        a
        for a in found.actions
        if not a.on_register
        and viewer.may(a.permission or perform.permission_of(found.model, a.code))
        and a.available(row, viewer)
    ]
    told = TrailEntry.objects.visible_to(viewer).filter(model=found.model._meta.label_lower, object_id=row.pk)
    context = {
        "page": found,
        "title": pick(found.title, found.title_en),
        "path": path_of(found),
        "row": row,
        "sections": record_lines(found, row),
        "panels": [(pick(p.title, p.title_en), p.template, p.context(row, viewer)) for p in found.panels],
        "actions": actions,
        "rights": _rights(found, viewer),
        "trail": told[:30] if viewer.may("framework.trailentry.view") else [],
    }
    return render(request, "register/detail.html", context)


@_desk
def register_form(request: HttpRequest, found: Page, viewer: Viewer, pk: int | None = None) -> HttpResponse:
    """GET, POST: new record or change; errors stand beside their fields, nothing typed is lost."""
    row = _row(found, viewer, pk) if pk is not None else None
    verb = "create" if row is None else "change"
    perform.require(viewer, perform.permission_of(found.model, verb))
    errors: dict[str, list[str]] = {}
    status = 200
    if request.method == "POST":
        data = posted(found, request.POST)
        try:
            saved = (
                perform.create_on(found, viewer, data)
                if row is None
                else perform.change_on(found, row, viewer, data)
            )
        except Refused as no:
            if no.status in (403, 404, 405):
                raise
            errors, status = no.errors or {"__all__": [no.message]}, 422
        else:
            messages.success(request, pick("已保存", "Saved"))
            return redirect(path_of(found, saved.pk))
    context = {
        "page": found,
        "title": pick(found.title, found.title_en),
        "path": path_of(found),
        "row": row,
        "sections": inputs_of(found, row, request.POST if request.method == "POST" else None, errors, viewer),
        "errors": errors.get("__all__", []) or errors.get("non_field_errors", []),
    }
    return render(request, "register/form.html", context, status=status)


@_desk
def register_action(
    request: HttpRequest, found: Page, viewer: Viewer, action: str, pk: int | None = None
) -> HttpResponse:
    """GET: what the action asks; POST: do it. `pk` absent: an action on the register or on several chosen rows."""
    one = next((a for a in found.actions if a.code == action), None)
    if one is None:
        raise Http404
    perform.require(viewer, one.permission or perform.permission_of(found.model, one.code))
    if pk is None and request.method == "POST" and one.bulk:
        return _bulk(request, found, viewer, one)
    row = _row(found, viewer, pk) if pk is not None else None
    errors: dict[str, list[str]] = {}
    status = 200
    if request.method == "POST":
        try:
            answer = perform.perform(one, viewer, row, written(one, request.POST, request.FILES, viewer))
        except Refused as no:
            if no.status in (403, 404):
                raise
            errors, status = no.errors or {"__all__": [no.message]}, no.status
        else:
            messages.success(request, str(answer) if answer else pick("已完成", "Done"))
            return redirect(path_of(found, pk) if pk is not None else path_of(found))
    context = {
        "page": found,
        "path": path_of(found),
        "back": path_of(found, pk) if pk is not None else path_of(found),
        "row": row,
        "action": one,
        "title": pick(one.title, one.title_en),
        "inputs": [(i, request.POST.get(i.name, ""), errors.get(i.name, [])) for i in one.fields],
        "errors": errors.get("__all__", []),
    }
    return render(request, "register/action.html", context, status=status)


def _bulk(request: HttpRequest, found: Page, viewer: Viewer, one: Action) -> HttpResponse:
    keys = [k for k in request.POST.getlist("row") if k.isdigit()]
    rows = perform.visible(found.model, viewer).filter(pk__in=keys)
    done, left = 0, 0
    for row in rows:
        try:
            perform.perform(one, viewer, row, {})
            done += 1
        except Refused:
            left += 1
    messages.success(
        request,
        pick(
            f"{one.title}：完成 {done} 条" + (f"，未完成 {left} 条" if left else ""),
            f"{done} done, {left} not",
        ),
    )
    return redirect(path_of(found))


@_desk
def register_export(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponseBase:
    """GET ?format=csv|xlsx with the list's own filters."""
    params = request.GET.dict()
    return exporting.response(found, viewer, params, params.pop("format", "xlsx"))


@_desk
def register_import(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponseBase:
    """GET: template (?template=1) or the upload page; POST: dry run, then with `commit` the import itself."""
    if not _rights(found, viewer)["import"]:
        raise Refused("没有权限", status=403)
    if request.GET.get("template"):
        return importing.template_response(found, viewer)
    report, problem = None, ""
    if request.method == "POST":
        upload = request.FILES.get("file")
        if upload is None:
            problem = pick("请选择文件", "Choose a file")
        else:
            try:
                commit = "commit" in request.POST
                report = importing.load(found, viewer, importing.read(found, upload), dry_run=not commit)
            except Refused as no:
                problem = no.message
    context = {
        "page": found,
        "path": path_of(found),
        "title": pick(found.title, found.title_en),
        "report": report,
        "problem": problem,
    }
    return render(request, "register/import.html", context, status=422 if problem else 200)


@_desk
def saved_views(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponse:
    """POST {name, query} keeps a set of filters; {delete: id} removes one of one's own."""
    path = path_of(found)
    if request.method == "POST" and request.POST.get("delete", "").isdigit():
        SavedView.objects.filter(account=viewer.user or 0, page=path, pk=request.POST["delete"]).delete()
    elif request.method == "POST" and request.POST.get("name"):
        SavedView.objects.update_or_create(
            account=viewer.user or 0,
            page=path,
            name=request.POST["name"][:60],
            defaults={"query": request.POST.get("query", "")[:1000]},
        )
    return redirect(path)


@_desk
def options(request: HttpRequest, found: Page, viewer: Viewer) -> JsonResponse:
    """GET ?q=: up to 30 rows for a reference field, inside the viewer's scope."""
    listing = Listing(found, viewer, {"search": request.GET.get("q", ""), "page_size": "30"})
    return JsonResponse({"results": [{"value": row.pk, "text": str(row)} for row in listing.rows()]})
