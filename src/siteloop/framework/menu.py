"""The menu: groups in order, filled with the pages and screens of the folders that exist and that the viewer may open."""

import importlib
import importlib.util
from dataclasses import dataclass, replace
from functools import lru_cache

from django.apps import apps

from siteloop.framework.language import pick
from siteloop.framework.page import Page
from siteloop.framework.pages_found import pages_of, path_of
from siteloop.framework.perform import permission_of
from siteloop.framework.system import System
from siteloop.framework.viewer import Viewer

GROUPS: tuple[tuple[str, str, str, str], ...] = (
    ("workbench", "工作台", "Workbench", "layout-dashboard"),
    ("environment", "环境监测", "Environment", "wind"),
    ("disposal", "派单处置", "Disposal", "checklist"),
    ("supervision", "监督执法", "Supervision", "gavel"),
    ("supervisor_firms", "监理行业", "Supervisor firms", "user-shield"),
    ("credit", "信用与评价", "Credit and scores", "certificate"),
    ("life_cycle", "项目全过程", "Project life cycle", "timeline-event"),
    ("office", "办公", "Office", "briefcase"),
    ("registers", "基础信息", "Registers", "building-skyscraper"),
    ("upkeep", "设备运维", "Device upkeep", "tool"),
    ("data", "监测数据", "Data", "activity"),
    ("settings", "规则与设置", "Rules and settings", "settings"),
)


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    title: str
    path: str
    icon: str
    is_here: bool = False  # the page that is open belongs to it


@dataclass(frozen=True)
class Group:
    """A titled group; folded unless the viewer opened it or is in it."""

    code: str
    title: str
    icon: str
    entries: tuple[Entry, ...]
    is_open: bool = True


@lru_cache(maxsize=1)
def systems() -> tuple[System, ...]:
    """Manifests of all folders, by their order."""
    found = []
    for app in apps.get_app_configs():
        if app.name.startswith("siteloop.") and importlib.util.find_spec(f"{app.name}.system") is not None:
            manifest = getattr(importlib.import_module(f"{app.name}.system"), "SYSTEM", None)
            if isinstance(manifest, System):
                found.append(manifest)
    return tuple(sorted(found, key=lambda s: s.order))


def menu(viewer: Viewer) -> list[Group]:
    """What the viewer may open; empty groups are left out."""
    made = []
    for code, zh, en, icon in GROUPS:
        entries = [e for s in systems() for e in _entries(s, code, viewer)]
        if entries:
            made.append(Group(code, pick(zh, en), icon, tuple(entries)))
    return made


def at(groups: list[Group], path: str, opened: frozenset[str]) -> list[Group]:
    """The menu as it stands on the page at `path`: its entry marked, its group and those of `opened` unfolded."""
    holding = [e.path for g in groups for e in g.entries if path.startswith(e.path)]
    here = max(holding, key=len, default="")
    marked = []
    for group in groups:
        entries = tuple(replace(e, is_here=e.path == here) for e in group.entries)
        is_open = group.code in opened or any(e.is_here for e in entries)
        marked.append(replace(group, entries=entries, is_open=is_open))
    return marked


def _entries(system: System, group: str, viewer: Viewer) -> list[Entry]:
    found = []
    opens = viewer.user is not None and (not system.permission or viewer.may(system.permission))
    if system.menu == group and opens and _has_screen(system.code):
        found.append(Entry(pick(system.title, system.title_en), f"/{system.code}/", system.icon))
    for page in pages_of(system.code):
        place = system.menu if page.menu is True else page.menu
        if place and place == group and _may(page, viewer):
            found.append(Entry(pick(page.title, page.title_en), path_of(page), page.icon))
    return found


def _may(page: Page, viewer: Viewer) -> bool:
    return viewer.may(permission_of(page.model, "view"))


@lru_cache(maxsize=64)
def _has_screen(code: str) -> bool:
    """A screen opens at its own root."""
    name = apps.get_app_config(code).name
    return name.startswith("siteloop.screens.") and any(
        str(p.pattern) == "" for p in importlib.import_module(f"{name}.urls").urlpatterns
    )
