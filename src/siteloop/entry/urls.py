"""All paths of the program but the API's: found, not listed."""

import importlib
import importlib.util

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from siteloop.entry import rooms


def _found() -> list[URLPattern | URLResolver]:
    """Each folder's own `urls.py`, mounted under its name; its `root_urlpatterns`, when it has them, at the root."""
    paths: list[URLPattern | URLResolver] = []
    for name in rooms.folders():
        if importlib.util.find_spec(f"{name}.urls") is None:
            continue
        module = importlib.import_module(f"{name}.urls")
        paths.append(path(f"{name.rsplit('.', 1)[1]}/", include(f"{name}.urls")))
        paths += getattr(module, "root_urlpatterns", [])
    return paths


urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("siteloop.entry.internal")),
    path("", RedirectView.as_view(url=settings.HOME_URL), name="home"),
    *_found(),
    path("", include("siteloop.framework.urls")),
]
