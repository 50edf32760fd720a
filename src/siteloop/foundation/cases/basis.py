"""The legal basis that counts at a case's place: the region's pack speaks before the loop's declaration."""

from siteloop.foundation.cases import catalogue
from siteloop.foundation.cases.loop import LegalBasis
from siteloop.foundation.cases.models import Case
from siteloop.foundation.packs import resolve


def basis_of(case: Case) -> tuple[LegalBasis, ...]:
    """Clauses shown, pushed and used as the range of a fine."""
    return tuple(_at(case, basis) for basis in catalogue.get(case.loop).basis)


def _at(case: Case, declared: LegalBasis) -> LegalBasis:
    row = resolve.row(declared.pack_key, case.region_code) if declared.pack_key else None
    if row is None or not isinstance(row.value, dict):
        return declared
    stated = row.value
    return LegalBasis(
        stated.get("instrument", declared.instrument),
        stated.get("clause", ""),
        stated.get("text", ""),
        fine_low=stated.get("fine_low"),
        fine_high=stated.get("fine_high"),
        verified=row.clause_verified,
        pack_key=declared.pack_key,
    )
