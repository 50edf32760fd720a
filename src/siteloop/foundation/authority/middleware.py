"""Puts the viewer on every request, worked out once; holds back who must first make the account safe."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject

from siteloop.foundation.authority import kept_rights, sessions
from siteloop.foundation.authority.models import Account
from siteloop.framework.viewer import NOBODY, Viewer

#: session mark of one whose role demands a second factor that is not enrolled yet
SECOND_FACTOR_MISSING = "second_factor_missing"
#: what stays open meanwhile: making the account safe, and leaving
OPEN = (
    "/account/",
    "/accounts/",
    "/password",
    "/sign-out",
    "/sign-in",
    "/language",
    "/theme",
    "/static/",
    "/health",
)
ENROL, CHANGE = "/accounts/2fa/totp/activate/", "/password"


class ViewerFromSession:
    """`request.viewer`: the signed-in person's viewer, or nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def find() -> Viewer:
            return (
                kept_rights.viewer_of(request.user, request) if isinstance(request.user, Account) else NOBODY
            )

        request.viewer = SimpleLazyObject(find)  # type: ignore[attr-defined]
        first = self._first(request)
        if first:
            if request.path.startswith("/api/"):
                body = {"type": "about:blank", "title": "请先在网页完成账号安全设置", "status": 403}
                return JsonResponse(body, status=403, content_type="application/problem+json")
            return redirect(first)
        sessions.seen(request)
        try:
            return self.get_response(request)
        finally:
            kept_rights.written(request)

    @staticmethod
    def _first(request: HttpRequest) -> str:
        """Where a session must go before anything else, "" for nowhere. Bearer tokens carry no session."""
        if request.path.startswith(OPEN) or not request.session.session_key:
            return ""
        if not isinstance(request.user, Account) or not request.user.is_authenticated:
            return ""
        if request.user.must_change_password:
            return CHANGE
        if request.session.get(SECOND_FACTOR_MISSING):
            from allauth.mfa.utils import is_mfa_enabled

            if not is_mfa_enabled(request.user):
                return ENROL
            del request.session[SECOND_FACTOR_MISSING]
        return ""
