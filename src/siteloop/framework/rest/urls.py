"""Paths under /api/."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path

from siteloop.framework.rest.api import build_api, docs
from siteloop.framework.rest.problems import problem


def unknown(request: HttpRequest) -> HttpResponse:
    """Any other path of the API."""
    return problem(404, "没有这个接口")


urlpatterns = [
    path("docs", docs, name="api-docs"),
    path("v1/", build_api().urls),
    re_path(r"^", unknown),
]
