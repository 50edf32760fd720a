"""What other tests begin with is what the files say."""

from typing import Any

import pytest

from siteloop.foundation.packs.loading import load_packs
from siteloop.foundation.packs.testing import MODELS, WHY, shipped_packs

pytestmark = pytest.mark.django_db
OWN = {"id", "pack_id", "created_at", "updated_at"}


def told() -> list[dict[str, Any]]:
    """Every row, without its number and the moment it was written."""
    return [
        {name: value for name, value in row.items() if name not in OWN}
        for model in MODELS
        for row in model.objects.unscoped(WHY).order_by("pk").values()
    ]


def empty() -> None:
    for model in reversed(MODELS):
        model.objects.unscoped(WHY).delete()


def test_copied_packs_are_those_of_the_files() -> None:
    shipped_packs()
    empty()
    shipped_packs()
    copied = told()
    empty()
    load_packs()
    assert copied == told()
    assert len(copied) > len(MODELS)
