"""What a locked-out person sees."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

MESSAGE = "登录失败次数过多，账号已临时锁定，请 15 分钟后再试。"


def locked_out(request: HttpRequest, credentials: Any = None, *args: Any, **kwargs: Any) -> HttpResponse:
    """429 in the caller's own form: problem+json for the API, a page for people."""
    if request.path.startswith("/api/"):
        body = {"type": "about:blank", "title": MESSAGE, "status": 429}
        return JsonResponse(body, status=429, content_type="application/problem+json")
    return render(request, "shell/locked_out.html", {"message": MESSAGE}, status=429)
