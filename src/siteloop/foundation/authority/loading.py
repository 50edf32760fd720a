"""Roles from the catalogue into rows."""

from siteloop.foundation.authority.models import Role
from siteloop.foundation.authority.roles import CATALOGUE


def load_roles() -> None:
    """Add roles that are not there yet; existing ones belong to the authority."""
    have = set(Role.objects.unscoped("reference data of the program itself").values_list("code", flat=True))
    for row in CATALOGUE:
        if row.code not in have:
            Role(
                code=row.code,
                title=row.title,
                title_en=row.title_en,
                sees=row.sees,
                permissions=list(row.permissions),
                demands_mfa=row.demands_mfa,
            ).save()
