"""The API of one register: list, create, read, change, delete, actions, trail, export, import."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Body, File, Schema
from ninja.files import UploadedFile

from siteloop.framework import exporting, import_template, importing, perform
from siteloop.framework.action import Action, Refused
from siteloop.framework.language import term
from siteloop.framework.listing import Listing
from siteloop.framework.models import TrailEntry
from siteloop.framework.page import Page
from siteloop.framework.pages_found import label
from siteloop.framework.rest import schemas
from siteloop.framework.rest.kept import answer, once
from siteloop.framework.rest.router import Router
from siteloop.framework.rest.rows import as_json
from siteloop.framework.rest.versions import IF_MATCH, unchanged, version_of
from siteloop.framework.scope import visible
from siteloop.framework.viewer import Viewer, viewer_of


def params(request: HttpRequest) -> dict[str, str]:
    """Query parameters; a repeated one counts as a comma list."""
    return {name: ",".join(request.GET.getlist(name)) for name in request.GET}


def the_row(page: Page, viewer: Viewer, pk: int, *, joined: bool = True) -> Any:
    """One visible row; raises Refused 404 in the same words whether it is hidden or does not exist."""
    perform.require(viewer, perform.permission_of(page.model, "view"))
    rows = visible(page.model, viewer)
    if joined and page.related:
        rows = rows.select_related(*page.related)
    if joined and page.annotate:
        rows = page.annotate(rows)
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Refused("记录不存在", status=404)
    return row


def router_for(page: Page) -> Router:
    """All routes of a register, relative to `/<label>/<code>`."""
    router = Router(tags=[page.title])
    row = schemas.answer_schema(page)
    _reading(router, page, row)
    if page.can_create and page.form:
        _creating(router, page, row)
    if page.can_change and page.form:
        _changing(router, page, row)
    if page.can_delete:
        _deleting(router, page)
    for action in page.actions:
        _acting(router, page, action)
        if action.bulk and not action.on_register:
            _acting_on_many(router, page, action)
    if page.exportable:
        _exporting(router, page)
    if page.importable and page.form and page.can_create:
        _importing(router, page)
    return router


def _id(page: Page, verb: str) -> str:
    return f"{label(page)}_{page.code}_{verb}".replace("-", "_")


def _reading(router: Router, page: Page, row: type[Schema]) -> None:
    def rows(request: HttpRequest) -> HttpResponse:
        listing = Listing(page, viewer_of(request), params(request))
        listing.check_names()
        body = {
            "count": listing.count,
            "page": listing.number,
            "page_size": listing.size,
            "results": [as_json(page, r) for r in listing.rows()],
        }
        return answer(200, body)

    def read(request: HttpRequest, pk: int) -> HttpResponse:
        row = the_row(page, viewer_of(request), pk)
        response = answer(200, as_json(page, row))
        response.headers["ETag"] = f'"{version_of(row)}"'
        return response

    def trail(request: HttpRequest, pk: int) -> HttpResponse:
        found = the_row(page, viewer_of(request), pk, joined=False)
        kept = TrailEntry.objects.unscoped("the viewer sees the row these entries are about").filter(
            model=page.model._meta.label_lower, object_id=found.pk
        )
        names = ("at", "actor_name", "on_behalf", "action", "sentence", "changes", "reason", "digest")
        entries = [
            {n: getattr(e, n).isoformat() if n == "at" else getattr(e, n) for n in names}
            for e in kept.order_by("-pk")[:200]
        ]
        return answer(200, {"count": len(entries), "results": entries})

    many = schemas.list_schema(page, row)
    extra = {"parameters": schemas.parameters(page)}
    router.get(
        "",
        response={200: many},
        operation_id=_id(page, "list"),
        summary=page.title,
        openapi_extra=extra,
    )(rows)
    router.get("/{int:pk}", response={200: row}, operation_id=_id(page, "read"), summary="读取")(read)
    router.get("/{int:pk}/trail", operation_id=_id(page, "trail"), summary="留痕")(trail)


def _creating(router: Router, page: Page, row: type[Schema]) -> None:
    Create = schemas.body_schema(page, partial=False)

    def create(request: HttpRequest, body: Create = Body(...)) -> HttpResponse:  # type: ignore[valid-type, type-arg]  # noqa: B008
        viewer = viewer_of(request)

        def run() -> tuple[int, Any]:
            made = perform.create_on(page, viewer, _given(body))
            return 201, {**as_json(page, _again(page, viewer, made)), "version": version_of(made)}

        return once(request, run)

    router.post(
        "",
        response={201: row},
        operation_id=_id(page, "create"),
        summary="新增",
        openapi_extra={"parameters": [KEY]},
    )(create)


KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "同一键的重复提交只执行一次，返回首次结果",
}


def _given(body: Any) -> dict[str, Any]:
    """Only what was sent."""
    given: dict[str, Any] = body.model_dump(exclude_unset=True)
    return given


def _again(page: Page, viewer: Viewer, row: Any) -> Any:
    """The row as the list would show it; the bare row when the viewer may write but not read."""
    if not viewer.may(perform.permission_of(page.model, "view")):
        return row
    return the_row(page, viewer, row.pk)


def _changing(router: Router, page: Page, row: type[Schema]) -> None:
    Change = schemas.body_schema(page, partial=True)
    Whole = schemas.body_schema(page, partial=False)

    def write(request: HttpRequest, pk: int, data: dict[str, Any]) -> HttpResponse:
        viewer = viewer_of(request)
        row = the_row(page, viewer, pk, joined=False)
        with unchanged(request, page, row):
            changed = perform.change_on(page, row, viewer, data)
        response = answer(200, as_json(page, _again(page, viewer, changed)))
        response.headers["ETag"] = f'"{version_of(changed)}"'
        return response

    def change(request: HttpRequest, pk: int, body: Change = Body(...)) -> HttpResponse:  # type: ignore[valid-type, type-arg]  # noqa: B008
        return write(request, pk, _given(body))

    def replace(request: HttpRequest, pk: int, body: Whole = Body(...)) -> HttpResponse:  # type: ignore[valid-type, type-arg]  # noqa: B008
        return write(request, pk, _given(body))

    answers = {200: row}
    extra = {"parameters": [IF_MATCH]}
    router.patch(
        "/{int:pk}",
        response=answers,
        operation_id=_id(page, "change"),
        summary="修改",
        openapi_extra=extra,
    )(change)
    router.put(
        "/{int:pk}",
        response=answers,
        operation_id=_id(page, "replace"),
        summary="整体修改",
        openapi_extra=extra,
    )(replace)


def _deleting(router: Router, page: Page) -> None:
    def remove(request: HttpRequest, pk: int) -> HttpResponse:
        viewer = viewer_of(request)
        perform.delete(the_row(page, viewer, pk, joined=False), viewer)
        return HttpResponse(status=204)

    router.delete("/{int:pk}", response={204: None}, operation_id=_id(page, "delete"), summary="删除")(remove)


def _split(action: Action, body: Any) -> tuple[dict[str, Any], str]:
    """Typed input and reason; an action may declare `reason` as its own input."""
    data = _given(body)
    reason = data.get("reason") or ""
    if not any(i.name == "reason" for i in action.fields):
        data.pop("reason", None)
    return data, reason


def _did(done: Any) -> str:
    return term(done) if isinstance(done, str) else ""


def _acting(router: Router, page: Page, action: Action) -> None:
    Given = schemas.action_schema(page, action)

    def on_row(request: HttpRequest, pk: int, body: Given = Body(Given.model_construct())) -> HttpResponse:  # type: ignore[valid-type, type-arg]  # noqa: B008
        viewer = viewer_of(request)

        def run() -> tuple[int, Any]:
            obj = the_row(page, viewer, pk, joined=False)
            data, reason = _split(action, body)
            with unchanged(request, page, obj):
                message = _did(perform.perform(action, viewer, obj, data, reason))
            # handed on to somebody else, the row may have left the viewer's sight
            after = visible(page.model, viewer).filter(pk=pk).first()
            return 200, {
                "message": message,
                "row": as_json(page, the_row(page, viewer, pk)) if after is not None else None,
                "version": version_of(after) if after is not None else None,
            }

        return once(request, run)

    def on_register(request: HttpRequest, body: Given = Body(Given.model_construct())) -> HttpResponse:  # type: ignore[valid-type, type-arg]  # noqa: B008
        data, reason = _split(action, body)
        return once(
            request,
            lambda: (
                200,
                {
                    "message": _did(perform.perform(action, viewer_of(request), None, data, reason)),
                    "row": None,
                },
            ),
        )

    path = f"/actions/{action.code}" if action.on_register else f"/{{int:pk}}/actions/{action.code}"
    handler: Callable[..., HttpResponse] = on_register if action.on_register else on_row
    router.post(
        path,
        operation_id=_id(page, action.code),
        summary=action.title,
        description=action.confirm or None,
        openapi_extra={"parameters": [KEY] if action.on_register else [KEY, IF_MATCH]},
    )(handler)


def _acting_on_many(router: Router, page: Page, action: Action) -> None:
    Given = schemas.action_schema(page, action, bulk=True)

    def on_many(request: HttpRequest, body: Given = Body(...)) -> HttpResponse:  # type: ignore[valid-type, type-arg]  # noqa: B008
        viewer = viewer_of(request)

        def run() -> tuple[int, Any]:
            data, reason = _split(action, body)
            results = [_one(page, action, viewer, pk, dict(data), reason) for pk in data.pop("ids")]
            return 200, {"done": sum(r["done"] for r in results), "results": results}

        return once(request, run)

    router.post(
        f"/actions/{action.code}/bulk",
        operation_id=_id(page, f"{action.code}_bulk"),
        summary=f"批量{action.title}",
    )(on_many)


def _one(
    page: Page, action: Action, viewer: Viewer, pk: int, data: dict[str, Any], reason: str
) -> dict[str, Any]:
    try:
        obj = the_row(page, viewer, pk, joined=False)
        message = _did(perform.perform(action, viewer, obj, data, reason))
    except Refused as no:
        return {"id": pk, "done": False, "message": no.message, "errors": no.errors}
    return {"id": pk, "done": True, "message": message}


def _exporting(router: Router, page: Page) -> None:
    def export(request: HttpRequest) -> HttpResponseBase:
        given = params(request)
        form = given.pop("format", "xlsx")
        return exporting.response(page, viewer_of(request), given, form, strict=True)

    form = {"type": "string", "enum": ["xlsx", "csv"], "default": "xlsx"}
    extra = {
        "parameters": [
            {"name": "format", "in": "query", "required": False, "schema": form, "description": "文件格式"},
            *schemas.parameters(page),
        ]
    }
    router.get("/export", operation_id=_id(page, "export"), summary="导出", openapi_extra=extra)(export)


def _importing(router: Router, page: Page) -> None:
    def template(request: HttpRequest) -> HttpResponse:
        return import_template.response(page, viewer_of(request))

    def load(
        request: HttpRequest,
        file: UploadedFile = File(...),  # type: ignore[type-arg]  # noqa: B008
        dry_run: bool = True,
        all_or_nothing: bool = True,
    ) -> HttpResponse:
        viewer = viewer_of(request)

        def run() -> tuple[int, Any]:
            table = importing.read(page, file)
            report = importing.load(page, viewer, table, dry_run=dry_run, all_or_nothing=all_or_nothing)
            return 200, report.as_json()

        return once(request, run)

    router.get("/import/template", operation_id=_id(page, "import_template"), summary="导入模板")(template)
    router.post(
        "/import",
        operation_id=_id(page, "import"),
        summary="导入",
        description="默认只校验（dry_run=true）；all_or_nothing=false 时写入没有错误的行。",
        openapi_extra={"parameters": [KEY]},
    )(load)
