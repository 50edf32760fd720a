"""The boxes for a rule's or value's numbers: what stands in them, and what was typed."""

import math
from dataclasses import dataclass

from django.http import HttpRequest

from siteloop.foundation.packs import ladder
from siteloop.framework.action import Refused
from siteloop.framework.language import pick
from siteloop.screens.settings.asking import Filled


@dataclass(frozen=True)
class Change:
    """One number before and after."""

    title: str
    before: float
    after: float


def boxes(found: ladder.Standing, filled: Filled) -> list[tuple[ladder.Number, str]]:
    """The boxes of the form, each with what stands in it."""
    return [(n, filled(f"n-{n.name}", f"{n.value:g}")) for n in ladder.numbers(found.row, found.room)]


def typed(request: HttpRequest, found: ladder.Standing) -> tuple[list[Change], dict[str, float | int]]:
    """The numbers that were changed in the form. Raises Refused 422 for what is no number."""
    wanted: dict[str, float | int] = {}
    changes = []
    for number in ladder.numbers(found.row, found.room):
        text = request.POST.get(f"n-{number.name}", "").strip()
        if not text:
            continue
        try:
            value = float(text)
        except ValueError as wrong:
            raise _not_a_number(number, text) from wrong
        if not math.isfinite(value):
            raise _not_a_number(number, text)
        if value == number.value:
            continue
        wanted[number.name] = int(value) if value.is_integer() else value
        changes.append(Change(number.title, number.value, value))
    return changes, wanted


def _not_a_number(number: ladder.Number, text: str) -> Refused:
    told = pick(f"{number.title}：“{text[:20]}”不是数字", f"{number.title}: not a number")
    return Refused(told, status=422)
