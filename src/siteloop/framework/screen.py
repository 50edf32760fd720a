"""Views of hand-made screens: strangers go to the sign-in, a refusal becomes its page instead of a fault."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from siteloop.framework.action import Refused

View = Callable[..., HttpResponseBase]


def screen(view: View) -> View:
    """Around a view that may raise Refused; 404 is answered as for a page that does not exist."""

    @login_required
    @wraps(view)
    def run(request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **more)
        except Refused as no:
            if no.status == 404:
                raise Http404 from no
            return render(request, "framework/refused.html", {"no": no}, status=no.status)

    return run
