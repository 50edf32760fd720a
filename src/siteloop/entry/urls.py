"""All paths of the program: found, not listed."""

import importlib
import importlib.util

from django.urls import URLPattern, URLResolver, include, path

from siteloop.entry import rooms


def _found() -> list[URLPattern | URLResolver]:
    """Each folder's own `urls.py`, mounted under its name."""
    paths: list[URLPattern | URLResolver] = []
    for name in rooms.folders():
        if importlib.util.find_spec(f"{name}.urls") is not None:
            paths.append(path(f"{name.rsplit('.', 1)[1]}/", include(f"{name}.urls")))
    return paths


urlpatterns: list[URLPattern | URLResolver] = [*_found()]
