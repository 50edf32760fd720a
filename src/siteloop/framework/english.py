"""English of the words that models and registers speak: titles of fields, choices, hints.

Each folder keeps the terms it brings in its own `english.toml`; a word that a folder below says already is not said again:

    [terms]
    "施工许可证编号" = "Construction permit no."

A sentence with values in it stands there with `{}` for each; its English takes them in the same order, or by `{1}`, `{0}`:

    "一次最多测试 {} 日" = "At most {} days are tested at once"

The files are read once. `siteloop check` tells of words without English, of two folders that disagree, and of words nobody speaks.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from django.apps import apps

NAME = "english.toml"
HOLE = "{}"  # a value in a sentence


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


@lru_cache(maxsize=1)
def shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Sentences with values in them: what fits the Chinese, and the English; those with most words of their own first."""
    holed = [(zh, en) for zh, en in terms().items() if HOLE in zh]
    holed.sort(key=lambda one: -len(one[0].replace(HOLE, "")))
    return tuple((re.compile("(.*)".join(map(re.escape, zh.split(HOLE))), re.DOTALL), en) for zh, en in holed)


def sentence(zh: str) -> str:
    """English of a whole sentence, its values in English where the glossary has them; the Chinese where nobody gave it."""
    if zh in terms():
        return terms()[zh]
    for pattern, en in shapes():
        found = pattern.fullmatch(zh)
        if found is not None:
            return en.format(*map(_value, found.groups()))
    return zh


def _value(zh: str) -> str:
    """A value, or several in a row, put into an English sentence."""
    for mark, sign in (("；", "; "), ("、", ", ")):
        if mark in zh:
            return sign.join(map(_value, zh.split(mark)))
    return sentence(zh) if zh else zh
