"""What a screen needs to know of a register to draw it: columns, filters, form, actions, in the viewer's rights."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from siteloop.framework import pages_found
from siteloop.framework.action import Action, Refused
from siteloop.framework.fields import choices_of, kind_of, title_of
from siteloop.framework.language import pick, term
from siteloop.framework.listing import Listing, titles
from siteloop.framework.page import Page
from siteloop.framework.pages_found import field_at, label
from siteloop.framework.perform import permission_of
from siteloop.framework.rest.kept import answer
from siteloop.framework.rest.router import Router
from siteloop.framework.viewer import Viewer, viewer_of

router = Router(tags=["界面描述"])


@router.get("", operation_id="ui_registers", summary="可见的登记表")
def registers(request: HttpRequest) -> HttpResponse:
    """Registers the viewer may open."""
    viewer = viewer_of(request)
    found = [
        {
            "system": label(p),
            "code": p.code,
            "title": pick(p.title, p.title_en),
            "icon": p.icon,
            "path": pages_found.path_of(p),
        }
        for p in pages_found.all_pages()
        if viewer.may(permission_of(p.model, "view"))
    ]
    return answer(200, {"count": len(found), "results": found})


@router.get("/{str:system}/{str:code}", operation_id="ui_register", summary="登记表的列、筛选、表单与操作")
def register(request: HttpRequest, system: str, code: str) -> HttpResponse:
    """One register; 404 when unknown, 403 when not allowed."""
    page = pages_found.page(system, code)
    if page is None:
        raise Refused("记录不存在", status=404)
    return answer(200, describe(page, viewer_of(request)))


def describe(page: Page, viewer: Viewer) -> dict[str, Any]:
    """The description as plain JSON."""
    listing = Listing(page, viewer, {})
    sortable = listing.sortable()
    may = {
        v: viewer.may(permission_of(page.model, v))
        for v in ("create", "change", "delete", "export", "import")
    }
    return {
        "system": label(page),
        "code": page.code,
        "title": pick(page.title, page.title_en),
        "api": f"/api/v1/{label(page)}/{page.code}",
        "columns": [
            {
                "name": c.name,
                "title": t,
                "kind": kind_of(page.model, c),
                "sortable": c.name in sortable,
                "link": c.link,
            }
            for c, t in titles(page)
        ],
        "filters": [
            {"name": f.name, "title": f.title, "kind": f.kind, "choices": _pairs(f.choices)}
            for f in listing.filters()
        ],
        "search": bool(page.search),
        "ordering": list(page.ordering),
        "form": [_input(page, name) for name in page.form],
        "sections": [{"title": pick(s.title, s.title_en), "fields": list(s.fields)} for s in page.sections],
        "may": {
            "create": may["create"] and page.can_create and bool(page.form),
            "change": may["change"] and page.can_change and bool(page.form),
            "delete": may["delete"] and page.can_delete,
            "export": may["export"] and page.exportable,
            "import": may["import"] and page.importable and page.can_create and bool(page.form),
        },
        "actions": [
            described(a) for a in page.actions if viewer.may(a.permission or permission_of(a.model, a.code))
        ],
        "empty": pick(page.empty, page.empty_en),
        "help": term(page.help),
    }


def _pairs(choices: Any) -> list[dict[str, str]]:
    return [{"value": str(v), "title": str(t)} for v, t in choices if v not in (None, "")]


def _input(page: Page, name: str) -> dict[str, Any]:
    field: Any = field_at(page.model, name)
    other = pages_found.page_for(field.related_model) if field.is_relation else None
    return {
        "name": name,
        "title": title_of(field),
        "required": not (field.blank or field.null or field.has_default()),
        "type": field.get_internal_type(),
        "max_length": getattr(field, "max_length", None),
        "choices": _pairs(choices_of(field)) if field.choices else [],
        "reference": f"/api/v1/{label(other)}/{other.code}" if other is not None else "",
        "help": term(str(field.help_text)),
    }


def described(action: Action) -> dict[str, Any]:
    """One action as a screen needs it to ask for its inputs."""
    return {
        "code": action.code,
        "title": pick(action.title, action.title_en),
        "on_register": action.on_register,
        "bulk": action.bulk,
        "confirm": term(action.confirm),
        "danger": action.danger,
        "fields": [
            {
                "name": i.name,
                "title": pick(i.title, i.title_en),
                "kind": i.kind,
                "required": i.required,
                "choices": _pairs((value, term(title)) for value, title in i.choices),
                "reference": i.reference,
                "help": term(i.help),
            }
            for i in action.fields
        ],
    }
