"""Titles of the rules: the words of the systems' declarations, else those of the rule packs; lists and filters use them."""

from collections.abc import Iterable

from siteloop.foundation.packs.models import TRIAL, PackRule
from siteloop.framework.language import pick, term
from siteloop.framework.lookups import MOST, Choice, Coded
from siteloop.framework.viewer import Viewer

#: rule code -> short title, e.g. "dust.spray_not_linked" -> "喷雾未联动"; filled when the program starts
RULE_TITLES: dict[str, str] = {}


def titles(rules: Iterable[str]) -> dict[str, str]:
    """Rule code -> title in the reader's language, for those of `rules` that have one: a code is no word for an officer."""
    asked = {rule: rule.removesuffix(TRIAL) for rule in rules}
    wanted = set(asked.values())
    unnamed = wanted - RULE_TITLES.keys()
    found: dict[str, str] = {}
    if unnamed:
        rows = PackRule.objects.unscoped("a rule's title is no secret").filter(code__in=unnamed)
        found = dict(rows.order_by("version", "pk").values_list("code", "title"))
    found |= {code: RULE_TITLES[code] for code in wanted - unnamed}
    trial = pick("（试运行）", " (on trial)")
    return {
        rule: term(found[code]) + (trial if rule != code else "")
        for rule, code in asked.items()
        if code in found
    }


def title(rule: str) -> str:
    """Title of one rule, "" for a code nobody names."""
    return titles([rule]).get(rule, "")


def search(_: Viewer, words: str) -> list[Choice]:
    """Rules by title or code."""
    known = PackRule.objects.unscoped("a rule's title is no secret").order_by().values_list("code", flat=True)
    named = titles({*RULE_TITLES, *known})
    wanted = words.lower().split()
    found = [c for c in sorted(named) if all(w in f"{named[c]} {c}".lower() for w in wanted)]
    return [Choice(code, named[code], code) for code in found[:MOST]]


CODES = Coded(search=search, title=title, titles=titles)
