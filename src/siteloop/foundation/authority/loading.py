"""Roles from the catalogue into rows."""

from siteloop.foundation.authority.models import Role
from siteloop.foundation.authority.roles import CATALOGUE, RoleRow

WHY = "reference data of the program itself"


def load_roles() -> None:
    """Add roles that are not there yet. An existing one belongs to the authority: it gains what this edition of the
    program grants anew and loses what it grants no longer; what the authority itself added or took away stays so.
    """
    have = {role.code: role for role in Role.objects.unscoped(WHY)}
    for row in CATALOGUE:
        if row.code not in have:
            _new(row).save()
        elif have[row.code].shipped != list(row.permissions):
            _update(have[row.code], row)


def _new(row: RoleRow) -> Role:
    return Role(
        code=row.code,
        title=row.title,
        title_en=row.title_en,
        sees=row.sees,
        permissions=list(row.permissions),
        shipped=list(row.permissions),
        demands_mfa=row.demands_mfa,
    )


def _update(role: Role, row: RoleRow) -> None:
    before, now = set(role.shipped), set(row.permissions)
    role.permissions = sorted((set(role.permissions) | (now - before)) - (before - now))
    role.shipped = list(row.permissions)
    role.save()
