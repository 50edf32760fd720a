"""The specialities every installation starts with; edited ones are left as they are."""

from siteloop.systems.double_random.models import Speciality

WHY = "every installation starts with the usual specialities"
USUAL = (
    ("quality", "工程质量", "Quality", ""),
    ("safety", "施工安全", "Safety", ""),
    ("machinery", "起重机械", "Lifting machinery", ""),
    ("municipal", "市政工程", "Municipal works", "municipal"),
)


def load() -> None:
    """Safe to repeat."""
    for code, title, title_en, work_kind in USUAL:
        Speciality.objects.unscoped(WHY).get_or_create(
            code=code, defaults={"title": title, "title_en": title_en, "work_kind": work_kind}
        )
