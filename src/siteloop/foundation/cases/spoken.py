"""What the systems call the findings they make: the titles of `RULE_TITLES`, which need their English."""

from collections.abc import Iterator

from siteloop.foundation.cases.titles import RULE_TITLES


def words() -> Iterator[tuple[str, str]]:
    """(title, rule code)."""
    yield from ((title, code) for code, title in RULE_TITLES.items())
