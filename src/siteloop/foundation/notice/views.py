"""One's own wishes: by which channel, from which level, and when not."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from siteloop.foundation.notice.actions import own, save_preference
from siteloop.foundation.notice.models import FROM
from siteloop.foundation.notice.pages import open_or_closed
from siteloop.foundation.notice.ports import channels
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.framework.perform import perform, require
from siteloop.framework.screen import screen
from siteloop.framework.viewer import viewer_of

LEVELS_EN = {"red": "red only", "orange": "orange and above", "yellow": "yellow and above", "blue": "all"}
NAMES = (
    "sms_from",
    "dingtalk_from",
    "wecom_from",
    "quiet_from",
    "quiet_to",
    "phone",
    "forget_phone",
)


@screen
def preferences(request: HttpRequest) -> HttpResponse:
    """GET: the form as it stands; POST: save it, errors stand beside their fields and nothing typed is lost."""
    viewer = viewer_of(request)
    require(viewer, "notice.preference.view")
    errors: dict[str, list[str]] = {}
    typed: dict[str, str] = {}
    if request.method == "POST":
        typed = {name: request.POST[name] for name in NAMES if name in request.POST}
        try:
            perform(save_preference, viewer, None, dict(typed))
        except Refused as no:
            if no.status == 403:
                raise
            errors = no.errors or {"__all__": [no.message]}
        else:
            messages.success(request, pick("接收设置已保存", "Your wishes are saved"))
            return redirect("/notice/preferences/")
    wish = own(viewer)
    context = {
        "wish": wish,
        "rows": [
            {
                "name": f"{c.code}_from",
                "title": pick(c.title, c.title_en),
                "is_open": c.port is not None,
                "value": typed.get(f"{c.code}_from") or getattr(wish, f"{c.code}_from"),
            }
            for c in channels()
        ],
        "levels": [(code, pick(zh, LEVELS_EN[code])) for code, zh in FROM],
        "quiet": [
            (name, typed.get(name, f"{getattr(wish, name):%H:%M}" if getattr(wish, name) else ""))
            for name in ("quiet_from", "quiet_to")
        ],
        "notes": open_or_closed(),
        "errors": errors,
    }
    return render(request, "notice/preferences.html", context, status=422 if errors else 200)
