"""Where the pictures of a site can be watched. The video system fills it; until then there is nothing to watch."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from siteloop.foundation.registry.models import Site
from siteloop.framework.viewer import Viewer


@dataclass(frozen=True)
class Picture:
    """One camera's live view, or its recording around a moment."""

    title: str
    path: str


#: (site, viewer, moment or None for live) -> what the viewer may watch
SOURCES: list[Callable[[Site, Viewer, dt.datetime | None], list[Picture]]] = []


def pictures(site: Site, viewer: Viewer, at: dt.datetime | None = None) -> list[Picture]:
    """All that can be watched of a site, live or around a moment."""
    return [picture for source in SOURCES for picture in source(site, viewer, at)]
