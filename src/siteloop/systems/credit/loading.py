"""The rules every installation starts with, read from `catalogue/rules.toml`; edited ones are left as they are."""

import tomllib
from pathlib import Path

from siteloop.systems.credit.models import CreditRule

FILE = Path(__file__).with_name("catalogue") / "rules.toml"
WHY = "the program's own rules are loaded for everybody"


def load() -> None:
    """Safe to repeat. Raises ValidationError for a rule that says nothing."""
    known = set(CreditRule.objects.unscoped(WHY).values_list("code", flat=True))
    for stated in tomllib.loads(FILE.read_text(encoding="utf-8"))["rule"]:
        if stated["code"] not in known:
            rule = CreditRule(**stated)
            rule.full_clean()
            rule.save()
