"""What every page of the desk needs: menu, viewer, language, unread notices, browser libraries."""

from collections.abc import Callable

from django.http import HttpRequest
from django.utils import translation

from siteloop.framework.menu import GROUPS, at, menu
from siteloop.framework.viewer import NOBODY, Viewer

#: function account id -> number of unread notices; the notice room fills it
UNREAD: list[Callable[[int], int]] = []


#: function (viewer, address of the open page) -> where its trouble is reported, "" for who may not; the office fills it
REPORTING: list[Callable[[Viewer, str], str]] = []

THEME_COOKIE = "siteloop_theme"
THEMES = ("light", "dark")


#: groups of the menu the viewer has unfolded, set by desk.js
MENU_COOKIE = "siteloop_menu"
OPEN_AT_FIRST = frozenset({GROUPS[0][0]})


def unfolded(request: HttpRequest) -> frozenset[str]:
    """Codes of the groups of the menu that are to be open."""
    said = request.COOKIES.get(MENU_COOKIE)
    return OPEN_AT_FIRST if said is None else frozenset(said.split("."))


def theme_of(request: HttpRequest) -> str:
    """The profile's theme when signed in, else the cookie's."""
    wanted = getattr(request.user, "theme", "") if hasattr(request, "user") else ""
    wanted = wanted or request.COOKIES.get(THEME_COOKIE, "")
    return wanted if wanted in THEMES else THEMES[0]


def _report_trouble(viewer: Viewer, page: str) -> str:
    return next((where for ask in REPORTING if (where := ask(viewer, page))), "")


def context(request: HttpRequest) -> dict[str, object]:
    """Template context; the menu is worked out only for pages that show it."""
    viewer = getattr(request, "viewer", NOBODY)
    return {
        "viewer": viewer,
        "menu": lambda: at(menu(viewer), request.path, unfolded(request)),
        "unread": lambda: sum(count(viewer.user) for count in UNREAD) if viewer.user is not None else 0,
        "report_trouble": lambda: _report_trouble(viewer, request.get_full_path()),
        "theme": theme_of(request),
        "language": translation.get_language() or "zh-hans",
        "csp_nonce": getattr(request, "csp_nonce", ""),
    }
