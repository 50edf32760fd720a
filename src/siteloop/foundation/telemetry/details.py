"""What a door wrote beside a refused message, in the reader's language. The doors write English; `details.toml` has the Chinese."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from siteloop.framework.language import is_english

HOLE = "{}"


@lru_cache(maxsize=1)
def chinese() -> dict[str, str]:
    """Text of a door with `{}` for what differs -> the Chinese."""
    data = tomllib.loads((Path(__file__).parent / "details.toml").read_text("utf-8"))
    return {en: zh for table in data.values() for en, zh in table.items()}


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The texts with most words of their own first: `{} bytes` fits many."""
    ordered = sorted(chinese().items(), key=lambda one: -len(one[0].replace(HOLE, "")))
    return [
        (re.compile("(.*)".join(map(re.escape, en.split(HOLE))), re.DOTALL), zh)
        for en, zh in ordered
        if HOLE in en
    ]


def told(detail: str) -> str:
    """没有帧头 ##. A text that nobody put into Chinese stays as it is."""
    if is_english() or not detail:
        return detail
    if detail in chinese():
        return chinese()[detail]
    for pattern, zh in _patterns():
        found = pattern.fullmatch(detail)
        if found is not None:
            return zh.format(*found.groups())
    return detail
