"""Around every public view: nobody signs in, pages may be cached, what is too much is told, what is not there has its page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_http_methods

from siteloop.screens.portal import limits

View = Callable[..., HttpResponse]
LONGEST = 20_000  # bytes of a form; a complaint has 1,000 characters


def address_of(request: HttpRequest) -> str:
    """Where a request came from."""
    return str(request.META.get("REMOTE_ADDR", ""))


def public(seconds: int = 60, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[View], View]:
    """`seconds` a page may be kept by caches; 0 for pages with a form."""

    def around(view: View) -> View:
        @require_http_methods(list(methods))
        @wraps(view)
        def run(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
            if not limits.pages.lets(address_of(request)):
                return _told(request, 429)
            if request.method == "POST" and int(request.META.get("CONTENT_LENGTH") or 0) > LONGEST:
                return _told(request, 413)
            try:
                answer = view(request, *args, **more)
            except Http404:
                answer = _told(request, 404)
            return _cached(request, answer, seconds)

        return run

    return around


def _told(request: HttpRequest, status: int) -> HttpResponse:
    answer = render(request, "portal/trouble.html", {"status": status}, status=status)
    patch_cache_control(answer, no_store=True)
    if status == 429:
        answer["Retry-After"] = "60"
    return answer


def _cached(request: HttpRequest, answer: HttpResponse, seconds: int) -> HttpResponse:
    if answer.status_code != 200 or not seconds:
        patch_cache_control(answer, no_store=True)
        return answer
    patch_cache_control(answer, public=True, max_age=seconds)
    if answer.has_header("ETag"):
        conditional = get_conditional_response(request, etag=answer["ETag"], response=answer)
        return conditional if isinstance(conditional, HttpResponse) else answer
    return answer
