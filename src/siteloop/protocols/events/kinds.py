"""The makers' words, read from kinds.toml."""

import tomllib
from collections.abc import Collection
from functools import cache
from importlib import resources
from typing import Any

from siteloop.protocols.events.event import Kind

#: quirk: words we know from memory only count on this device
UNVERIFIED = "unverified_event_types"


@cache
def tables() -> dict[str, dict[str, dict[str, Any]]]:
    """kinds.toml."""
    return tomllib.loads(resources.files(__package__).joinpath("kinds.toml").read_text("utf-8"))


def _entry(table: str, code: str, quirks: Collection[str]) -> dict[str, Any]:
    entry = tables()[table].get(code, {})
    return {} if entry.get("flag") == "M" and UNVERIFIED not in quirks else entry


def kind_of(maker: str, code: str, quirks: Collection[str]) -> Kind:
    """Our kind for a maker's word; OTHER for one we do not know, or know from memory only."""
    return Kind(_entry(maker, code, quirks).get("kind", Kind.OTHER))


def accepted(code: str, quirks: Collection[str]) -> bool | None:
    """Whether a Hikvision gate let the person in, None for a code we do not know."""
    return _entry("hikvision_access", code, quirks).get("accepted")
