"""`python -m siteloop.entry.bench_viewer`: an officer of the province in a bench's own database; prints a token of theirs.

Started by `siteloop bench latency` with the bench's data folder, never in an installation.
"""

import os
import sys

import django


def main() -> int:
    """Make the officer, print the token."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siteloop.entry.settings")
    django.setup()
    from siteloop.foundation.authority.models import Account, Organisation, Post, Role
    from siteloop.framework.rest import tokens

    body, _ = Organisation.objects.unscoped("bench").get_or_create(
        name="测速用机构", defaults={"kind": "province_authority", "region_code": "33"}
    )
    account, _ = Account.objects.get_or_create(username="bench.viewer")
    role = Role.objects.unscoped("bench").get(code="province_officer")
    Post.objects.unscoped("bench").get_or_create(
        account=account, organisation=body, role=role, defaults={"region_code": "33"}
    )
    print(tokens.issue(account))
    return 0


if __name__ == "__main__":
    sys.exit(main())
