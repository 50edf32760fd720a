"""What the pack files say and pages show: titles of packs, rules, values and standards, units. They need their English.

Clauses stay as they are: a law is cited in its own words.
"""

import tomllib
from collections.abc import Iterator

from siteloop.foundation.packs.loading import FOLDER


def words() -> Iterator[tuple[str, str]]:
    """(Chinese, file and row) of every pack file."""
    for path in sorted(FOLDER.rglob("*.toml")):
        data = tomllib.loads(path.read_text("utf-8"))
        yield data["title"], path.name
        for kind, key in (("rule", "code"), ("value", "key"), ("eligibility", "code")):
            for row in data.get(kind, []):
                yield row["title"], f"{path.name} {row[key]}"
                yield row.get("unit", ""), f"{path.name} {row[key]}"
