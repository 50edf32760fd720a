"""What lies with one person and can pass to another: cases, tasks, duties. Each folder names its own here when it starts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from siteloop.foundation.authority.models import Account
from siteloop.framework.action import Act


@dataclass(frozen=True)
class Belonging:
    """One kind. `rows` finds what is open with an account (unscoped), `move` gives one row on, inside an act."""

    code: str
    title: str
    title_en: str
    rows: Callable[[int], Any]  # account -> queryset
    link: Callable[[Any], str]
    #: (act, row, giver, taker, why); raises Refused or IntegrityError where it cannot be the taker's: it stays
    move: Callable[[Act, Any, Account, Account, str], None]


#: in the order in which a hand-over lists them
BELONGINGS: dict[str, Belonging] = {}


def add(*kinds: Belonging) -> None:
    """Name a kind; naming it again changes nothing."""
    for one in kinds:
        BELONGINGS.setdefault(one.code, one)
