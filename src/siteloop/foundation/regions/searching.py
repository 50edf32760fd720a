"""Finding a division while typing: by name or code, inside the viewer's own subtrees, the nearest first."""

from django.db.models import Q

from siteloop.foundation.regions import names
from siteloop.foundation.regions.models import Region
from siteloop.framework.lookups import MOST, Choice, Coded
from siteloop.framework.viewer import Viewer

WHY = "division names are public; the viewer's subtree is asked for here"


def search(viewer: Viewer, words: str) -> list[Choice]:
    """Divisions in the viewer's subtrees; one who has no region (an enterprise) may name any."""
    found = Region.objects.unscoped(WHY)
    if not viewer.is_system and viewer.regions and "" not in viewer.regions:
        inside = Q()
        for code in viewer.regions:
            inside |= Q(code__startswith=code)
        found = found.filter(inside)
    for word in words.split():
        found = found.filter(
            Q(name__icontains=word) | Q(code__startswith=word) | Q(parent__name__icontains=word)
        )
    rows = found.order_by("level", "code")[:MOST]
    return [Choice(row.code, names.name(row.code), f"{_above(row.code)} {row.code}".strip()) for row in rows]


def _above(code: str) -> str:
    """浙江省嘉兴市 for 330482; nothing for a province."""
    chain = names.ancestors(code)[:-1]
    return "".join(names.name(c) for c in chain)


def title(code: str) -> str:
    """Own name of a known division, "" otherwise."""
    found = names.name(code) if code else ""
    return "" if found == code else found


CODES = Coded(search=search, title=title, subtree=True)
