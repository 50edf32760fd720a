"""Titles of the rules: the words of the systems' declarations, else those of the rule packs."""

from collections.abc import Iterable

from siteloop.foundation.packs.models import PackRule

#: rule code -> short title, e.g. "dust.spray_not_linked" -> "喷雾未联动"; filled when the program starts
RULE_TITLES: dict[str, str] = {}


def titles(rules: Iterable[str]) -> dict[str, str]:
    """Rule code -> title, for those of `rules` that have one: a code is no word for an officer."""
    wanted = set(rules)
    unnamed = wanted - RULE_TITLES.keys()
    found: dict[str, str] = {}
    if unnamed:
        rows = PackRule.objects.unscoped("a rule's title is no secret").filter(code__in=unnamed)
        found = dict(rows.order_by("version", "pk").values_list("code", "title"))
    return found | {code: RULE_TITLES[code] for code in wanted - unnamed}
