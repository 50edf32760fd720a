"""The API is mounted where it is asked for.

Its thousand operations and two thousand schemas take seconds to build. Pages need none of them, so they stand in paths
of their own (`settings.API_URLCONF`), which the first request below `/api/` builds; the web role does so beforehand as
soon as it serves.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver

PREFIX = "/api/"


class ApiPaths:
    """Requests below `/api/` find the API's paths as well as the pages'."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PREFIX):
            request.urlconf = settings.API_URLCONF
        return self.get_response(request)


def build() -> None:
    """Have the API ready before somebody waits for it."""
    _ = get_resolver(settings.API_URLCONF).url_patterns
