"""The folders to be checked, and what a rule says about them."""

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from siteloop.framework.system import System

SOURCE = Path(__file__).resolve().parents[2]
ROOT = SOURCE.parents[1]
FLOORS = ("foundation", "systems", "screens")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: which rule, where (path or dotted name), and what to do about it."""

    rule: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.rule}]"


@dataclass(frozen=True)
class Folder:
    """One system folder."""

    floor: str
    name: str
    path: Path

    @property
    def dotted(self) -> str:
        """siteloop.systems.dust"""
        return f"siteloop.{self.floor}.{self.name}"

    @property
    def where(self) -> str:
        """systems/dust"""
        return f"{self.floor}/{self.name}"

    def module(self, name: str) -> ModuleType | None:
        """A module of the folder, None when there is none."""
        if importlib.util.find_spec(f"{self.dotted}.{name}") is None:
            return None
        return importlib.import_module(f"{self.dotted}.{name}")

    def manifest(self) -> System | None:
        """The folder's SYSTEM."""
        module = self.module("system")
        found = getattr(module, "SYSTEM", None)
        return found if isinstance(found, System) else None

    def test_files(self) -> list[Path]:
        """Its own tests."""
        return sorted((self.path / "tests").rglob("test_*.py"))

    def test_text(self) -> str:
        """All of its tests as one text."""
        return "\n".join(p.read_text(encoding="utf-8") for p in self.test_files())


def folders(source: Path = SOURCE) -> list[Folder]:
    """Every folder with a `system.py`."""
    return [
        Folder(floor, p.parent.name, p.parent)
        for floor in FLOORS
        for p in sorted((source / floor).glob("*/system.py"))
    ]


def modules(path: Path) -> Iterator[Path]:
    """Source files that are ours to judge: no tests, no migrations."""
    for file in sorted(path.rglob("*.py")):
        if not {"tests", "migrations"} & set(file.relative_to(path).parts):
            yield file


@lru_cache(maxsize=2000)
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def acts(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions that are the inside of an action: they take an `Act`."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(a.annotation, ast.Name) and a.annotation.id == "Act" for a in node.args.args
        ):
            yield node


def relative(path: Path) -> str:
    """Path as people write it: systems/dust/scan.py"""
    return path.relative_to(SOURCE).as_posix()
