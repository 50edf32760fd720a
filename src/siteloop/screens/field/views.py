"""The shell of the phone. It holds nothing personal, so that it can be kept on the phone and opened without a network."""

import hashlib
from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

HERE = Path(__file__).parent
STATIC = HERE / "static" / "field"
WORKER = HERE / "worker.js"
SHELL = HERE / "templates" / "field" / "shell.html"
#: what the phone keeps besides its own files
SHARED = ("/static/siteloop/js/live.js",)


@lru_cache(maxsize=1)
def files() -> tuple[str, ...]:
    """Addresses of everything the shell needs, the page itself first."""
    own = tuple(f"/static/field/{p.relative_to(STATIC).as_posix()}" for p in sorted(STATIC.rglob("*.*")))
    return ("/field/", "/field/manifest.webmanifest", *own, *SHARED)


@lru_cache(maxsize=1)
def version() -> str:
    """Changes with any byte of the shell, so that a phone takes the new one whole or keeps the old one whole."""
    digest = hashlib.sha256()
    for path in (SHELL, WORKER, *sorted(STATIC.rglob("*.*"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@require_GET
@ensure_csrf_cookie
def shell(request: HttpRequest) -> HttpResponse:
    """GET /field/: the same page for everybody; who is signed in is asked by the page itself."""
    answer = render(request, "field/shell.html", {"version": version()})
    answer["Cache-Control"] = "no-cache"
    return answer


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """GET: what makes it installable."""
    icons = [
        {
            "src": f"/static/field/icon-{size}.png",
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": p,
        }
        for size in (192, 512)
        for p in ("any", "maskable")
    ]
    body = {
        "id": "/field/",
        "name": "智慧工地现场端",
        "short_name": "工地现场",
        "description": "检查、处置、回复，没有信号也能办",
        "lang": "zh-CN",
        "start_url": "/field/",
        "scope": "/field/",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#0f2742",
        "theme_color": "#0f2742",
        "icons": icons,
        "shortcuts": [
            {"name": "今日任务", "url": "/field/#/today"},
            {"name": "新建检查", "url": "/field/#/new"},
        ],
    }
    answer = JsonResponse(body, json_dumps_params={"ensure_ascii": False})
    answer["Content-Type"] = "application/manifest+json; charset=utf-8"
    answer["Cache-Control"] = "no-cache"
    return answer


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """GET: the service worker with the version and the files it keeps; its scope is its folder, /field/."""
    listed = ",\n  ".join(f'"{f}"' for f in files())
    head = f'const VERSION = "{version()}";\nconst FILES = [\n  {listed},\n];\n'
    answer = HttpResponse(
        head + WORKER.read_text(encoding="utf-8"), content_type="text/javascript; charset=utf-8"
    )
    answer["Cache-Control"] = "no-cache"
    return answer
