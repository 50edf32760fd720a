"""One's own account: who one is and may do what, password, second factor, sign-ins and ending them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from siteloop.foundation.authority import sessions
from siteloop.foundation.authority.actions import record_ended
from siteloop.foundation.authority.models import Account, SignIn
from siteloop.foundation.authority.viewers import demands_second_factor, posts_of
from siteloop.foundation.regions.names import full_name
from siteloop.framework.language import pick
from siteloop.framework.models import TrailEntry
from siteloop.framework.viewer import viewer_of

OWN = "everybody reads the acts on his own account"
#: words in a browser's own name -> what people call it; the first that fits counts
BROWSERS = (
    ("Edg/", "Edge"),
    ("DingTalk", "钉钉"),
    ("MicroMessenger", "微信"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def described(agent: str) -> str:
    """Chrome · Windows, from a user agent; its beginning when nothing is known."""
    parts = [next((name for mark, name in known if mark in agent), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(filter(None, parts)) or agent[:40] or pick("未知设备", "unknown device")


def _account(request: HttpRequest) -> Account:
    if not isinstance(request.user, Account):
        raise Http404
    return request.user


@login_required
@never_cache
def own_account(request: HttpRequest) -> HttpResponse:
    """GET /account/."""
    from allauth.mfa.models import Authenticator

    account = _account(request)
    kinds = set(Authenticator.objects.filter(user=account).values_list("type", flat=True))
    mine = request.session.session_key
    told = TrailEntry.objects.unscoped(OWN).filter(model="authority.account", object_id=account.pk)
    context = {
        "account": account,
        "posts": [(post, full_name(post.region_code)) for post in posts_of(account)],
        "has_totp": Authenticator.Type.TOTP in kinds,
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "demanded": demands_second_factor(account),
        "open": [(row, described(row.agent), row.session_key == mine) for row in sessions.open_ones(account)],
        "past": [(row, described(row.agent)) for row in sessions.past_ones(account, 10)],
        "acts": told.order_by("-pk")[:10],
    }
    return render(request, "authority/account.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """POST /account/sessions/<id>/end: one of one's own; somebody else's does not exist."""
    account = _account(request)
    row = SignIn.objects.filter(pk=pk, account=account, ended_at=None).first()
    if row is None:
        raise Http404
    sessions.end(row)
    record_ended(viewer_of(request), account, described(row.agent), row.address)
    if row.session_key == request.session.session_key:
        request.session.flush()
        return redirect("/sign-in")
    messages.success(request, pick("已结束该登录", "That sign-in has ended"))
    return redirect("/account/")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """POST /account/sessions/end-others: all but this one, and every API token."""
    account = _account(request)
    count = sessions.end_others(account, keep=request.session.session_key)
    record_ended(viewer_of(request), account, pick(f"其他 {count} 个登录", f"{count} others"), "")
    messages.success(
        request,
        pick(
            f"已结束其他 {count} 个登录，接口令牌已全部作废",
            f"{count} other sign-ins ended; all API tokens are void",
        ),
    )
    return redirect("/account/")
