"""English of the words that models and registers speak: titles of fields, choices, hints.

Each folder keeps the terms it brings in its own `english.toml`; a word that a folder below says already is not said again:

    [terms]
    "施工许可证编号" = "Construction permit no."

The files are read once. `siteloop check` tells of words without English, of two folders that disagree, and of words nobody speaks.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from django.apps import apps

NAME = "english.toml"


def read(folder: Path) -> dict[str, str]:
    """Chinese -> English of one folder; empty where it has no file. Raises tomllib.TOMLDecodeError for a word given twice."""
    path = folder / NAME
    if not path.exists():
        return {}
    return {zh: str(en) for zh, en in tomllib.loads(path.read_text("utf-8")).get("terms", {}).items()}


@lru_cache(maxsize=1)
def by_app() -> Mapping[str, dict[str, str]]:
    """App label -> its terms, of every app of ours."""
    ours = (app for app in apps.get_app_configs() if app.name.startswith("siteloop."))
    return MappingProxyType({app.label: read(Path(app.path)) for app in ours})


@lru_cache(maxsize=1)
def terms() -> Mapping[str, str]:
    """All terms as one glossary. Which folder gives one is of no weight: `siteloop check` holds them to the same word."""
    return MappingProxyType({zh: en for one in by_app().values() for zh, en in one.items()})
