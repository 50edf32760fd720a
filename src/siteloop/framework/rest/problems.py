"""Errors of the API, all in one form: RFC 9457 problem+json."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from siteloop.framework.action import Changed, Refused

MEDIA = "application/problem+json"
TITLES = {
    400: "请求无法理解",
    401: "未登录或登录已失效",
    403: "没有权限",
    404: "记录不存在",
    405: "不支持的方法",
    409: "当前状态不允许",
    413: "内容过大",
    415: "不支持的内容类型",
    422: "填写有误",
    429: "请求过于频繁",
    500: "服务器内部错误",
    503: "服务暂不可用",
}


def problem(
    status: int,
    detail: str = "",
    errors: Mapping[str, Any] | None = None,
    conflict: Mapping[str, Any] | None = None,
) -> JsonResponse:
    """`{"type","title","status","detail"?, "errors"?: {field: [messages]}, "conflict"?: see action.Changed}`."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
    }
    if detail and detail != body["title"]:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    if conflict:
        body["conflict"] = conflict
    answer = JsonResponse(body, status=status, content_type=MEDIA, json_dumps_params={"ensure_ascii": False})
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def refused(no: Refused) -> JsonResponse:
    """The answer to a refused act."""
    return problem(no.status, no.message, no.errors, no.conflict if isinstance(no, Changed) else None)


class ProblemErrors:
    """Turns every other error under /api/ (unknown path, wrong method, crash) into problem+json as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or not request.path.startswith("/api/"):
            return response
        if response.headers.get("Content-Type", "").startswith((MEDIA, "application/json")):
            return response
        answer: HttpResponse = problem(response.status_code)
        for name in ("Allow", "Retry-After"):
            if name in response.headers:
                answer.headers[name] = response.headers[name]
        return answer
