"""Bearer tokens: signed, expiring, worthless once the account is stopped or its password changed."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core import signing
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from ninja.errors import AuthenticationError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from siteloop.framework.action import Refused

SALT = "siteloop.rest.token"
LIFE_S = 8 * 3600


def issue(account: AbstractBaseUser) -> str:
    """A token for the account as it is now."""
    return signing.dumps({"account": account.pk, "stamp": _stamp(account), "at": time.time()}, salt=SALT)


def account_of(token: str) -> AbstractBaseUser | None:
    """The active account behind a token; None when forged, expired, ended by its owner, or the password changed."""
    try:
        body = signing.loads(token, salt=SALT, max_age=LIFE_S)
    except signing.BadSignature:
        return None
    account = get_user_model()._default_manager.filter(pk=body["account"], is_active=True).first()
    if account is None or _stamp(account) != body["stamp"]:
        return None
    ended = getattr(account, "tokens_from", None)
    return None if ended is not None and body.get("at", 0.0) < ended.timestamp() else account


def _stamp(account: AbstractBaseUser) -> str:
    return str(account.get_session_auth_hash())[:24]


def sign_in(request: HttpRequest, username: str, password: str, otp: str = "") -> str:
    """Check name, password and one-time code; raises Refused 401/403. Failures count towards the lock-out."""
    if "\x00" in username + password:
        raise Refused("账号或密码错误", status=401)
    account = authenticate(request, username=username, password=password)
    if account is None:
        raise Refused("账号或密码错误", status=401)
    if _needs_code(account) and not _code_fits(account, otp):
        if otp:
            user_login_failed.send(
                sender=__name__, credentials={"username": username, "password": "***"}, request=request
            )
        raise Refused("需要有效的动态验证码", status=401, errors={"otp": ["需要有效的动态验证码"]})
    if not _needs_code(account) and getattr(account, "demands_second_factor", False):
        raise Refused("您的角色须启用双因素认证，请先登录网页启用", status=403)
    if getattr(account, "must_change_password", False):
        raise Refused("请先登录网页修改初始密码", status=403)
    # resets the lock-out count and notes the time of the sign-in
    user_logged_in.send(sender=type(account), request=request, user=account)
    return issue(account)


def _needs_code(account: Any) -> bool:
    from allauth.mfa.utils import is_mfa_enabled

    return bool(is_mfa_enabled(account))


def _code_fits(account: Any, code: str) -> bool:
    from allauth.mfa.models import Authenticator
    from django.db import transaction

    if not code:
        return False
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    with transaction.atomic():
        return any(
            row.wrap().validate_code(code)
            for row in Authenticator.objects.filter(user=account, type__in=kinds)
        )


class Bearer(HttpBearer):
    """`Authorization: Bearer <token>`; sets `request.user` and `request.viewer`."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        account = account_of(token)
        if account is None:
            raise AuthenticationError
        request.user = account  # type: ignore[assignment]
        viewer_for = import_string(settings.VIEWER_FOR)
        request.viewer = SimpleLazyObject(lambda: viewer_for(account, request))  # type: ignore[attr-defined]
        return account


class Session(APIKeyCookie):
    """The session of the desk, with its CSRF token on every write."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        key = request.COOKIES.get(self.param_name)
        if key and check_csrf(request):
            raise Refused("缺少 CSRF 令牌", status=403)
        return key

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if key and request.user.is_authenticated else None
