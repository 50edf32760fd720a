"""The whole API, assembled: token, each folder's own routes, then the registers of all pages."""

import importlib
import importlib.util
import logging
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from siteloop.framework.action import Refused
from siteloop.framework.pages_found import all_pages, label
from siteloop.framework.rest import ui
from siteloop.framework.rest.problems import MEDIA, TITLES, problem, refused
from siteloop.framework.rest.registers import router_for
from siteloop.framework.rest.router import Router
from siteloop.framework.rest.schemas import Problem
from siteloop.framework.rest.tokens import LIFE_S, Bearer, Session, sign_in

logger = logging.getLogger(__name__)
ABOUT = (
    "智慧工地监管平台接口。先以 `POST /api/v1/token` 取得令牌，再以 `Authorization: Bearer` 访问。"
    "所有错误均为 RFC 9457 problem+json；看不到的记录与不存在的记录回答相同。"
)


class SignIn(Schema):
    """Name and password; `otp` where the account has two-factor sign-in."""

    username: str
    password: str
    otp: str = ""


class Token(Schema):
    """Bearer token and how many seconds it lives."""

    access: str
    expires_in: int


#: what any route may answer, always as problem+json
ERRORS = (401, 403, 404, 409, 422)


class Api(NinjaAPI):
    """Says in the contract what every route may answer.

    Said route by route, each code would be a model of its own: some 1,500 of them, two seconds at every start.
    """

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        """The contract as JSON."""
        schema = super().get_openapi_schema(**where)
        told = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operation in (one for path in schema["paths"].values() for one in path.values()):
            for code in ERRORS:
                operation["responses"].setdefault(code, {"description": TITLES[code], "content": told})
        return schema


@lru_cache(maxsize=1)
def build_api() -> NinjaAPI:
    """The API object; mount its `.urls` at `/api/v1/`. Raises ImproperlyConfigured for a broken page."""
    api = Api(
        title="siteloop 智慧工地监管平台",
        version="1",
        description=ABOUT,
        docs_url=None,
        openapi_url="/openapi.json",
        urls_namespace="api-1",
        auth=[Bearer(), Session()],
    )
    _errors(api)

    @api.post(
        "/token",
        auth=None,
        response={200: Token, 401: Problem, 429: Problem},
        tags=["登录"],
        summary="取得令牌",
    )
    def token(request: HttpRequest, body: SignIn) -> dict[str, Any]:
        return {"access": sign_in(request, body.username, body.password, body.otp), "expires_in": LIFE_S}

    api.add_router("/ui", ui.router)
    own = _own_routers()
    for prefix, router in own:
        api.add_router(prefix, router)
    for page in all_pages():
        api.add_router(f"/{label(page)}/{page.code}", router_for(page))
        for at in _aliases(page.extra.get("api_at", ())):
            # the fixed short paths of the contract, e.g. /api/v1/cases besides /api/v1/cases/cases
            api.add_router(at, _unlisted(router_for(page)), url_name_prefix=at.strip("/"))
    return api


def _aliases(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _unlisted(router: Router) -> Router:
    """The same operations under a second path; their ids must stay unique in the contract."""
    for view in router.path_operations.values():
        for operation in view.operations:
            operation.operation_id = f"{operation.operation_id}_short"
    return router


def _own_routers() -> list[tuple[str, Router]]:
    """Routers of the folders' `api.py`; also `routers`, a tuple, where one folder needs several prefixes."""
    found: list[tuple[str, Router]] = []
    for app in apps.get_app_configs():
        if not app.name.startswith("siteloop.") or importlib.util.find_spec(f"{app.name}.api") is None:
            continue
        module = importlib.import_module(f"{app.name}.api")
        routers = list(getattr(module, "routers", ()))
        if hasattr(module, "router") and module.router not in routers:
            routers.insert(0, module.router)
        for router in routers:
            prefix = getattr(router, "prefix", None)
            found.append((f"/{app.label}" if prefix is None else prefix, router))
    return found


def _errors(api: NinjaAPI) -> None:
    """One form for everything that goes wrong."""

    def on_refused(request: HttpRequest, no: Any) -> HttpResponse:
        return refused(no)

    def on_http(request: HttpRequest, no: Any) -> HttpResponse:
        return problem(no.status_code, str(no))

    def on_invalid(request: HttpRequest, no: Any) -> HttpResponse:
        return problem(422, errors=messages(no.errors))

    api.add_exception_handler(Refused, on_refused)
    api.add_exception_handler(AuthenticationError, lambda request, no: problem(401))
    api.add_exception_handler(AuthorizationError, lambda request, no: problem(403))
    api.add_exception_handler(PermissionDenied, lambda request, no: problem(403))
    api.add_exception_handler(Http404, lambda request, no: problem(404))
    api.add_exception_handler(ObjectDoesNotExist, lambda request, no: problem(404))
    api.add_exception_handler(HttpError, on_http)
    api.add_exception_handler(ValidationError, on_invalid)


KINDS = {
    "missing": "必填",
    "extra_forbidden": "没有这个字段",
    "literal_error": "不在可选范围内",
    "string_too_long": "超出长度",
    "json_invalid": "不是有效的 JSON",
}


def messages(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Field -> messages from the schema check's `loc` and `type`."""
    errors: dict[str, list[str]] = {}
    for one in found:
        where = [str(p) for p in one.get("loc", ())]
        # loc is (source, parameter name, field…); the body parameter's own name says nothing to the caller
        name = ".".join(where[2:] or where[1:]) or "body"
        errors.setdefault(name, []).append(KINDS.get(str(one.get("type")), str(one.get("msg", "取值有误"))))
    return errors


def docs(request: HttpRequest) -> HttpResponse:
    """The contract for people, served from our own origin."""
    return render(request, "framework/api_docs.html")
