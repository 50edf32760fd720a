"""What all rows of the office share: the organisation they belong to, and through it their region."""

from typing import Any

from django.db import models

from siteloop.framework.scope import ScopedModel


class OfficeRow(ScopedModel):
    """A row of one organisation's office. Its people see what is theirs; who holds `oversee` sees all of the region."""

    organisation = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="单位"
    )
    region_code = models.CharField("区划代码", max_length=12, blank=True, editable=False, db_index=True)

    class Meta(ScopedModel.Meta):
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The region is the organisation's."""
        self.region_code = self.organisation.region_code
        super().save(*args, **kwargs)


def person(title: str, **more: Any) -> Any:
    """A column that names an account."""
    return models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        related_name=more.pop("related_name", "+"),
        verbose_name=title,
        **more,
    )


def nobody_yet(title: str) -> Any:
    """A column that names an account once an act has been done; no form writes it."""
    return person(title, null=True, blank=True, editable=False)
