"""Rules about the manifest, the tests folder and the claims a folder makes."""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache

from django.apps import apps

from siteloop.framework.check.folders import ROOT, Folder, Problem, tree
from siteloop.framework.pages_found import pages_of

TIERS = ("bronze", "silver", "gold", "platinum")
_MARKER = re.compile(r"mark\.requirement\(([^)]*)\)")


@lru_cache(maxsize=1)
def requirement_ids() -> frozenset[str]:
    """Ids of docs/traceability.toml; empty while that file is not there."""
    path = ROOT / "docs" / "traceability.toml"
    if not path.exists():
        return frozenset()
    found: set[str] = set()
    for name, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if re.fullmatch(r"[A-Z]+-\d+", name):
            found.add(name)
        if isinstance(value, dict):
            found |= {k for k in value if re.fullmatch(r"[A-Z]+-\d+", k)}
        if isinstance(value, list):
            found |= {str(row["id"]) for row in value if isinstance(row, dict) and "id" in row}
    return frozenset(found)


def manifest_is_complete(folder: Folder) -> Iterator[Problem]:
    """SYSTEM exists, is named like its folder, and says what it is for."""
    system = folder.manifest()
    if system is None:
        yield Problem("manifest", folder.where, "system.py has no SYSTEM = System(…)")
        return
    if system.code != folder.name:
        yield Problem("manifest", folder.where, f"code {system.code!r} is not the folder's name")
    for name in ("title", "title_en", "icon"):
        if not getattr(system, name):
            yield Problem("manifest", folder.where, f"{name} is empty")
    if not system.requirements and folder.floor == "systems":
        yield Problem("manifest", folder.where, "serves no requirement")
    if system.tier not in TIERS:
        yield Problem("manifest", folder.where, f"tier {system.tier!r} is none of {', '.join(TIERS)}")


def manifest_is_pure(folder: Folder) -> Iterator[Problem]:
    """The manifest loads without Django."""
    import ast

    for node in ast.walk(tree(folder.path / "system.py")):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(n.split(".")[0] == "django" for n in names):
            yield Problem("manifest", f"{folder.where}/system.py", "imports Django")


def requirements_exist(folder: Folder) -> Iterator[Problem]:
    """Every id the manifest names stands in the requirements list."""
    system, known = folder.manifest(), requirement_ids()
    if system is None or not known:
        return
    for one in system.requirements:
        if one not in known:
            yield Problem("requirements", folder.where, f"{one} is not in docs/traceability.toml")


def app_is_named(folder: Folder) -> Iterator[Problem]:
    """The Django app's label is the folder's name."""
    if not any(app.name == folder.dotted and app.label == folder.name for app in apps.get_app_configs()):
        yield Problem("app", folder.where, f"no app with name {folder.dotted} and label {folder.name}")


def tests_exist(folder: Folder) -> Iterator[Problem]:
    """There is a tests folder with at least one test."""
    if "def test_" not in folder.test_text() and "RegisterTests" not in folder.test_text():
        yield Problem("tests", folder.where, "has no tests")


def tier_is_proven(folder: Folder) -> Iterator[Problem]:
    """silver: every register derives the given tests · gold: every requirement has a marked test · platinum: in a browser too."""
    system = folder.manifest()
    if system is None or system.tier not in TIERS:
        return
    level, text = TIERS.index(system.tier), folder.test_text()
    if level >= 1:
        for page in pages_of(folder.name):
            if not re.search(rf"page\s*=\s*[\w.]*\b{_variable(folder, page)}\b", text):
                yield Problem(
                    "tier", folder.where, f"{system.tier}: register {page.code} has no RegisterTests"
                )
    if level >= 2:
        shown = set(re.findall(r"[A-Z]+-\d+", " ".join(_MARKER.findall(text))))
        for one in sorted(set(system.requirements) - shown):
            yield Problem("tier", folder.where, f"{system.tier}: {one} is shown by no test")
    if level >= 3 and "mark.browser" not in text:
        yield Problem("tier", folder.where, f"{system.tier}: no test drives a browser")


def _variable(folder: Folder, page: object) -> str:
    module = folder.module("pages")
    return next((name for name, value in vars(module).items() if value is page), "?") if module else "?"
