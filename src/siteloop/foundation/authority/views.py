"""Signing in and out, the demo's list of accounts, the language switch, changing one's password."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from siteloop.foundation.authority import sessions
from siteloop.foundation.authority.actions import change_password
from siteloop.foundation.authority.middleware import SECOND_FACTOR_MISSING
from siteloop.foundation.authority.models import Account, Role
from siteloop.foundation.authority.passwords import MixedCharacters
from siteloop.foundation.authority.viewers import demands_second_factor
from siteloop.framework.language import pick
from siteloop.framework.shell import THEME_COOKIE, THEMES
from siteloop.framework.viewer import viewer_of

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else "/"


def _demo_accounts() -> list[dict[str, str]]:
    """Only in the demo: the accounts of each role, so that a visitor can walk through the roles."""
    if not settings.DEMO:
        return []
    from siteloop.foundation.authority.demo import accounts

    titles = {r.code: pick(r.title, r.title_en) for r in Role.objects.unscoped("the demo's list").all()}
    return [
        {
            "username": a.username,
            "display_name": a.display_name,
            "role": titles.get(a.role, a.role),
            "organisation": a.organisation,
        }
        for a in accounts()
    ]


@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """GET, POST /sign-in. Lock-out by axes; a second factor is asked for where one is enrolled or the role demands it."""
    if request.user.is_authenticated and request.method == "GET":
        return redirect(_next(request))
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        account = form.get_user()
        return _enter(request, account)
    context = {
        "form": form,
        "demo_accounts": _demo_accounts(),
        "demo_password": settings.DEMO_PASSWORD if settings.DEMO else "",
        "next": _next(request),
    }
    return render(request, "shell/sign_in.html", context, status=200 if request.method == "GET" else 422)


def _enter(request: HttpRequest, account: Account) -> HttpResponse:
    from allauth.account.internal.flows.login import perform_login
    from allauth.account.models import Login
    from allauth.mfa.utils import is_mfa_enabled

    if is_mfa_enabled(account):
        answer: HttpResponse = perform_login(request, Login(user=account, redirect_url=_next(request)))
    else:
        login(request, account, backend=BACKEND)
        if demands_second_factor(account):
            request.session[SECOND_FACTOR_MISSING] = True
        answer = redirect(_next(request))
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, account.language, max_age=31_536_000, samesite="Lax", httponly=True
    )
    return answer


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """POST /sign-out."""
    logout(request)
    return redirect("/sign-in")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """POST /language {language, next}: the switch; kept in the profile when signed in."""
    code = request.POST.get("language", "")
    answer = redirect(_next(request))
    if code in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, code, max_age=31_536_000, samesite="Lax", httponly=True
        )
        if isinstance(request.user, Account):
            Account.objects.filter(pk=request.user.pk).update(language=code)
    return answer


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """POST /theme {theme, next}: light or dark; kept in the profile when signed in, in a cookie always."""
    wanted = request.POST.get("theme", "")
    answer = redirect(_next(request))
    if wanted in THEMES:
        answer.set_cookie(THEME_COOKIE, wanted, max_age=31_536_000, samesite="Lax", httponly=True)
        if isinstance(request.user, Account):
            Account.objects.filter(pk=request.user.pk).update(theme=wanted)
    return answer


@sensitive_post_parameters()
@login_required
def password(request: HttpRequest) -> HttpResponse:
    """GET, POST /password: change one's own password; the last five are remembered."""
    account: Any = request.user
    form = PasswordChangeForm(account, request.POST or None)
    if request.method == "POST" and form.is_valid():
        change_password(viewer_of(request), account, form.cleaned_data["new_password1"])
        before = request.session.session_key
        update_session_auth_hash(request, account)
        sessions.renamed(before, request.session.session_key)
        sessions.end_others(account, keep=request.session.session_key)
        messages.success(
            request, pick("密码已修改，其他登录已全部退出", "Password changed; all other sign-ins have ended")
        )
        return redirect("/account/")
    context = {"form": form, "rules": MixedCharacters().get_help_text(), "must": account.must_change_password}
    return render(request, "authority/password.html", context, status=422 if form.errors else 200)
