"""Searching by words: case does not matter, every word must be found, names of another table are looked up there."""

import pytest

from siteloop.foundation.cases.models import Case
from siteloop.foundation.registry.models import Device, Site
from siteloop.foundation.registry.tests import rows
from siteloop.framework.words import holding


@pytest.mark.django_db
def test_every_word_stands_somewhere_and_case_does_not_matter() -> None:
    device, other = rows.device("330482"), rows.device("330482")
    Device._base_manager.filter(pk=device.pk).update(code="MnAbc01", title="东门")
    Site._base_manager.filter(pk=device.site_id).update(name="当湖壹号工地")

    def found(words: str) -> set[int]:
        wanted = holding(Device, ("code", "title", "site__name"), words)
        return set(
            Device._base_manager.filter(wanted, pk__in=[device.pk, other.pk]).values_list("pk", flat=True)
        )

    for words in ("mnabc", "东门", "当湖", "MNABC 当湖 东门"):
        assert found(words) == {device.pk}, words
    assert found("mnabc 西门") == set()
    assert found("") == {device.pk, other.pk}


@pytest.mark.django_db
def test_a_word_with_wildcards_is_taken_as_written() -> None:
    device = rows.device("330482")
    Device._base_manager.filter(pk=device.pk).update(title="负荷100%_A")
    assert Device._base_manager.filter(holding(Device, ("title",), "100%_a")).exists()
    assert not Device._base_manager.filter(holding(Device, ("title",), "1%0")).exists()


def test_names_of_another_table_are_not_joined() -> None:
    statement = str(Case._base_manager.filter(holding(Case, ("number", "site__name"), "当湖")).query)
    assert "JOIN" not in statement
    assert statement.count("SELECT") == 2
