"""Puts the viewer on every request, worked out once."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.framework.viewer import NOBODY, Viewer


class ViewerFromSession:
    """`request.viewer`: the signed-in person's viewer, or nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def find() -> Viewer:
            return viewer_for(request.user, request) if isinstance(request.user, Account) else NOBODY

        request.viewer = SimpleLazyObject(find)  # type: ignore[attr-defined]
        return self.get_response(request)
