"""A citizen's complaint about dust or noise, and following it by its code. Nothing personal is shown or kept readable."""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware

from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.screens.portal import limits
from siteloop.screens.portal.doors import address_of, public
from siteloop.systems.dust import facade

TOPICS = (("dust", "扬尘", "Dust"), ("noise", "噪声", "Noise"), ("both", "扬尘和噪声", "Both"))
FIELDS = ("site", "topic", "occurred_at", "content", "contact")


@public(0, ("GET", "HEAD", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """GET ?q=: find the site; POST: take the complaint in and tell its code."""
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    errors: dict[str, list[str]] = {}
    status = 200
    if request.method == "POST":
        try:
            code = _file(request, typed)
        except Refused as no:
            errors, status = no.errors or {"__all__": [no.message]}, no.status
        else:
            return render(request, "portal/filed.html", {"code": code})
    words = (request.GET.get("q") or request.POST.get("q") or "").strip()[:40]
    context: dict[str, Any] = {
        "words": words,
        "sites": facade.sites_like(words),
        "typed": typed,
        "errors": errors,
        "topics": [(code, pick(zh, en)) for code, zh, en in TOPICS],
        "latest": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
    }
    return render(request, "portal/complaint.html", context, status=status)


def _file(request: HttpRequest, typed: dict[str, str]) -> str:
    """The code. Raises Refused 422 for what was typed, 429 for too many."""
    if request.POST.get("website"):
        raise Refused(pick("提交未被受理", "Not accepted"), status=422)
    if not limits.lets_submit("complaint", address_of(request)):
        raise Refused(
            pick(
                "提交过于频繁，请一小时后再试，或拨打 12345", "Too many; try again in an hour, or call 12345"
            ),
            status=429,
        )
    if not typed["site"].isdigit():
        raise Refused("填写有误", status=422, errors={"site": [pick("请先查找并选择工地", "Choose a site")]})
    at = _moment(typed["occurred_at"])
    return facade.file_complaint(int(typed["site"]), typed["topic"], at, typed["content"], typed["contact"])


def _moment(text: str) -> dt.datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        words = pick("请填写发生时间", "Say when it happened")
        raise Refused("填写有误", status=422, errors={"occurred_at": [words]})
    return make_aware(found) if is_naive(found) else found


@public(0, ("GET", "HEAD", "POST"))
def track(request: HttpRequest) -> HttpResponse:
    """POST code: where the complaint stands. The code is never part of an address."""
    context: dict[str, Any] = {"code": ""}
    status = 200
    if request.method == "POST":
        context["code"] = request.POST.get("code", "").strip()[:30]
        if not limits.lets_submit("track", address_of(request)):
            context["trouble"] = pick("查询过于频繁，请一小时后再试", "Too many; try again in an hour")
            status = 429
        else:
            context["found"] = facade.track(context["code"])
            if context["found"] is None:
                context["trouble"] = pick("没有这个查询码，请核对后再输", "There is no such code")
                status = 404
    return render(request, "portal/track.html", context, status=status)
