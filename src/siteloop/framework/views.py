"""The pages of every register: list, record, form, action, export, import. HTMX swaps parts; all of it works without scripts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode

from siteloop.framework import (
    exporting,
    import_template,
    importing,
    lookups,
    perform,
    searching,
    shapes,
    tables,
    trail_words,
)
from siteloop.framework.action import Action, Refused
from siteloop.framework.forms import (
    REASON,
    asks_reason,
    inputs_of,
    inputs_of_action,
    posted,
    prefilled,
    reason_field,
    record_lines,
    written,
)
from siteloop.framework.language import pick, sentence, term
from siteloop.framework.listing import PAGE_SIZES, Listing
from siteloop.framework.models import SavedView, TrailEntry
from siteloop.framework.page import Page
from siteloop.framework.pages_found import page as find_page
from siteloop.framework.pages_found import path_of
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer, viewer_of

View = Callable[..., HttpResponseBase]


def _desk(view: View) -> View:
    """Finds the page, sends strangers to the sign-in, turns a refusal into its page."""

    @wraps(view)
    def run(request: HttpRequest, label: str, code: str, **more: Any) -> HttpResponseBase:
        viewer = viewer_of(request)
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


def search_all(request: HttpRequest) -> HttpResponse:
    """GET /search?q=: grouped hits in the viewer's scope; `part=1` gives the lines for the box in the bar."""
    viewer = viewer_of(request)
    if viewer.user is None:
        return redirect(f"/sign-in?{urlencode({'next': request.get_full_path()})}")
    words = request.GET.get("q", "").replace("\x00", " ").strip()[: searching.LONGEST]
    is_part = request.GET.get("part") == "1"
    groups = searching.search(viewer, words, 5 if is_part else 20)
    template = "framework/parts/found.html" if is_part else "framework/search.html"
    return render(request, template, {"groups": groups, "words": words})


def refused(request: HttpRequest, no: Refused) -> HttpResponse:
    """A refusal as a page (or as a part for HTMX)."""
    return render(request, "framework/refused.html", {"no": no}, status=no.status)


def _row(found: Page, viewer: Viewer, pk: int) -> Any:
    perform.require(viewer, perform.permission_of(found.model, "view"))
    row = visible(found.model, viewer).select_related(*found.related).filter(pk=pk).first()
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


def _allowed(found: Page, viewer: Viewer) -> list[Action]:
    return [
        a for a in found.actions if viewer.may(a.permission or perform.permission_of(found.model, a.code))
    ]


@_desk
def register_list(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponse:
    """GET: the table with filters, search, sort and pages; HTMX gets the table alone."""
    listing = Listing(found, viewer, request.GET.dict())
    shape = shapes.of(found, viewer)
    context = {
        "page": found,
        "title": pick(found.title, found.title_en),
        "path": path_of(found),
        "listing": listing,
        "filters": listing.filters(),
        "is_filtered": bool(set(listing.params) - {"page", "page_size", "ordering"}),
        "shape": shape,
        "choosable": tables.choosable(listing, shape),
        "heads": tables.heads(listing, shape),
        "rows": tables.rows(listing, shape),
        "sizes": PAGE_SIZES,
        "rights": _rights(found, viewer),
        "views": SavedView.objects.filter(account=viewer.user or 0, page=path_of(found)),
        "bulk": [a for a in _allowed(found, viewer) if a.bulk],
        "on_register": [a for a in _allowed(found, viewer) if a.on_register],
    }
    is_part = request.headers.get("HX-Request") == "true" and not request.headers.get("HX-Boosted")
    return render(request, "register/parts/listed.html" if is_part else "register/list.html", context)


@_desk
def register_detail(request: HttpRequest, found: Page, viewer: Viewer, pk: int) -> HttpResponse:
    """GET: one record with its sections, panels, actions and trail."""
    row = _row(found, viewer, pk)
    actions = [a for a in _allowed(found, viewer) if not a.on_register and a.available(row, viewer)]
    held = {a.code: perform.refusal(a, viewer, row) for a in actions}
    rights = _rights(found, viewer)
    closed = perform.closed(row, viewer) if rights["change"] else ""
    told = TrailEntry.objects.visible_to(viewer).filter(model=found.model._meta.label_lower, object_id=row.pk)
    context = {
        "page": found,
        "title": pick(found.title, found.title_en),
        "path": path_of(found),
        "row": row,
        "sections": record_lines(found, row, viewer),
        "panels": [(pick(p.title, p.title_en), p.template, p.context(row, viewer)) for p in found.panels],
        "actions": [a for a in actions if not held[a.code]],
        "held": [(pick(a.title, a.title_en), held[a.code]) for a in actions if held[a.code]],
        "closed": closed,
        "rights": {**rights, "change": rights["change"] and not closed},
        "trail": trail_words.told(list(told[:30]), viewer) if viewer.may("framework.trailentry.view") else [],
    }
    return render(request, "register/detail.html", context)


@_desk
def register_form(request: HttpRequest, found: Page, viewer: Viewer, pk: int | None = None) -> HttpResponse:
    """GET, POST: new record or change; errors stand beside their fields, nothing typed is lost.

    A new record's form opens with the texts and references the address names: `new?code=…&site=12`.
    """
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
    typed = request.POST if request.method == "POST" else None
    sections = inputs_of(found, row or prefilled(found, request.GET), typed, errors, viewer)
    context = {
        "page": found,
        "title": pick(found.title, found.title_en),
        "path": path_of(found),
        "back": path_of(found, row.pk) if row is not None else path_of(found),
        "row": row,
        "sections": sections,
        "wrong": [f for _, fields in sections for f in fields if f.errors],
        "errors": _unplaced(errors, found.form),
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
    if pk is None and not one.on_register:
        return _bulk(request, found, viewer, one)
    row = _row(found, viewer, pk) if pk is not None else None
    errors: dict[str, list[str]] = {}
    status = 200
    if request.method == "POST":
        try:
            answer = _do(request, viewer, one, row)
        except Refused as no:
            if no.status in (403, 404):
                raise
            errors, status = no.errors or {"__all__": [no.message]}, no.status
        else:
            messages.success(request, sentence(str(answer)) if answer else pick("已完成", "Done"))
            return redirect(path_of(found, pk) if pk is not None else path_of(found))
    return _ask(request, found, viewer, one, row=row, errors=errors, status=status)


def _do(request: HttpRequest, viewer: Viewer, one: Action, row: Any) -> Any:
    """One act as typed. Raises Refused, also when a dangerous one comes without a reason."""
    reason = request.POST.get(REASON, "").strip()[:500]
    if asks_reason(one) and not reason:
        raise Refused("填写有误", status=422, errors={REASON: [pick("请写明理由", "Say why")]})
    return perform.perform(one, viewer, row, written(one, request.POST, request.FILES, viewer), reason)


def _unplaced(errors: dict[str, list[str]], placed: Iterable[str]) -> list[str]:
    """Messages that belong to no field of the form."""
    known = set(placed)
    return [message for name, told in errors.items() if name not in known for message in told]


def _ask(
    request: HttpRequest,
    found: Page,
    viewer: Viewer,
    one: Action,
    *,
    row: Any = None,
    chosen: Sequence[Any] = (),
    errors: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page that asks what an action needs, and says what it will do."""
    typed = request.POST if request.method == "POST" and (errors or not chosen) else None
    if request.method == "GET":
        typed = request.GET  # what a link proposes, as on the form of a new record
    fields = inputs_of_action(found, one, typed, errors or {}, viewer, row)
    context = {
        "page": found,
        "path": path_of(found),
        "list_title": pick(found.title, found.title_en),
        "back": path_of(found, row.pk) if row is not None else path_of(found),
        "row": row,
        "chosen": chosen,
        "title": pick(one.title, one.title_en),
        "confirm": term(one.confirm),
        "danger": one.danger,
        "fields": fields,
        "wrong": [f for f in fields if f.errors],
        "errors": _unplaced(errors or {}, [f.name for f in fields]),
    }
    return render(request, "register/action.html", context, status=status)


def _bulk(request: HttpRequest, found: Page, viewer: Viewer, one: Action) -> HttpResponse:
    """POST of chosen rows: asks first when there is something to ask or to warn of, then acts on each."""
    if not one.bulk:
        raise Http404
    keys = [k for k in request.POST.getlist("row") if k.isdigit()]
    rows = list(visible(found.model, viewer).filter(pk__in=keys))
    if not rows:
        messages.error(request, pick("请先勾选记录", "Choose some rows first"))
        return redirect(path_of(found))
    if "confirmed" not in request.POST and (one.fields or one.confirm or one.danger):
        return _ask(request, found, viewer, one, chosen=rows)
    done, left = 0, []
    for row in rows:
        try:
            _do(request, viewer, one, row)
            done += 1
        except Refused as no:
            if no.status == 422:
                return _ask(request, found, viewer, one, chosen=rows, errors=no.errors, status=422)
            left.append(f"{row}：{no.message}")
    title = pick(one.title, one.title_en)
    messages.success(request, pick(f"{title}：完成 {done} 条", f"{title}: {done} done"))
    for told in left[:20]:
        messages.error(request, told)
    return redirect(path_of(found))


@_desk
def register_delete(request: HttpRequest, found: Page, viewer: Viewer, pk: int) -> HttpResponse:
    """GET: asks; POST {reason}: deletes one row. What is still referred to stays, and says so."""
    if not found.can_delete:
        raise Refused("此登记表不能删除", status=405)
    perform.require(viewer, perform.permission_of(found.model, "delete"))
    row = _row(found, viewer, pk)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        reason = request.POST.get(REASON, "").strip()[:500]
        try:
            if not reason:
                raise Refused("填写有误", status=422, errors={REASON: [pick("请写明理由", "Say why")]})
            perform.delete(row, viewer, reason)
        except Refused as no:
            if no.status in (403, 404):
                raise
            errors = no.errors or {"__all__": [no.message]}
        else:
            messages.success(request, pick("已删除，操作留痕中可查", "Deleted; the trail keeps it"))
            return redirect(path_of(found))
    fields = [reason_field(request.POST if request.method == "POST" else None, errors)]
    context = {
        "page": found,
        "path": path_of(found),
        "list_title": pick(found.title, found.title_en),
        "back": path_of(found, row.pk),
        "row": row,
        "title": pick("删除", "Delete"),
        "confirm": pick(
            "删除后不能恢复；操作留痕会保留全部内容。", "This cannot be undone; the trail keeps what it was."
        ),
        "danger": True,
        "fields": fields,
        "wrong": [f for f in fields if f.errors],
        "errors": _unplaced(errors, [REASON]),
    }
    return render(request, "register/action.html", context, status=422 if errors else 200)


@_desk
def register_export(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponseBase:
    """GET ?format=csv|xlsx with the list's own filters and the columns the person shows."""
    params = request.GET.dict()
    form = params.pop("format", "xlsx")
    return exporting.response(found, viewer, params, form, only=shapes.of(found, viewer).columns)


@_desk
def register_import(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponseBase:
    """GET: template (?template=1) or the upload page; POST: dry run, then with `commit` the import itself."""
    import_template.allowed(found, viewer)
    if request.GET.get("template"):
        return import_template.response(found, viewer)
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
def list_shape(request: HttpRequest, found: Page, viewer: Viewer) -> HttpResponse:
    """POST {columns…, dense, query} remembers which columns are shown; {reset} forgets it. Back to the same list."""
    perform.require(viewer, perform.permission_of(found.model, "view"))
    if request.method == "POST" and "reset" in request.POST:
        shapes.forget(found, viewer)
    elif request.method == "POST":
        shapes.keep(found, viewer, request.POST.getlist("columns"), request.POST.get("dense") == "1")
    query = QueryDict(request.POST.get("query", "")).urlencode()
    return redirect(f"{path_of(found)}?{query}" if query else path_of(found))


@_desk
def lookup(request: HttpRequest, found: Page, viewer: Viewer, field: str) -> JsonResponse:
    """GET ?q=…&for=filter|form: up to 30 choices for a search box, inside the viewer's scope."""
    find = lookups.for_form if request.GET.get("for") == "form" else lookups.for_filter
    return _choices(find(found, field, viewer, request.GET.get("q", "")))


@_desk
def action_lookup(request: HttpRequest, found: Page, viewer: Viewer, action: str, field: str) -> JsonResponse:
    """GET ?q=: up to 30 choices for an input of an action."""
    one = next((a for a in found.actions if a.code == action), None)
    if one is None:
        raise Http404
    row = request.GET.get("row", "")
    return _choices(lookups.for_action(one, field, viewer, request.GET.get("q", ""), row))


def _choices(found: list[lookups.Choice]) -> JsonResponse:
    return JsonResponse({"results": [asdict(one) for one in found]})


@_desk
def options(request: HttpRequest, found: Page, viewer: Viewer) -> JsonResponse:
    """GET ?q=: up to 30 rows for a reference field, inside the viewer's scope."""
    listing = Listing(found, viewer, {"search": request.GET.get("q", ""), "page_size": "30"})
    return JsonResponse({"results": [{"value": row.pk, "text": str(row)} for row in listing.rows()]})
