"""Personal data: encrypted at rest, masked on screen and in the API, opened for a purpose."""

from itertools import count

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from siteloop.foundation.people import pages
from siteloop.foundation.people.models import Person
from siteloop.foundation.people.opening import open_person
from siteloop.foundation.people.synthetic import synthetic_id
from siteloop.foundation.people.vault import seal, unseal
from siteloop.framework.action import Refused
from siteloop.framework.models import TrailEntry
from siteloop.framework.testing import RegisterTests
from siteloop.framework.viewer import Viewer

_serial = count(1)


def person(region: str) -> Person:
    row = Person(
        name="演示甲", id_number=synthetic_id(next(_serial)), phone="10000000001", region_code=region
    )
    row.full_clean()
    row.save()
    return row


class TestPeople(RegisterTests):
    page = pages.people

    def make_row(self, region):
        return person(region)

    @pytest.mark.requirement("SEC-01", "SEC-07")
    def test_nothing_in_clear_in_database_list_api_or_export(self):
        row = self.make_row(self.home)
        who = self.local()
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, id_number, phone FROM people_person WHERE id = %s", [row.pk])
            stored = " ".join(cursor.fetchone())
        shown = stored
        for path in (self.api, f"{self.api}/{row.pk}"):
            shown += who.get(path).content.decode()
        for path in (self.desk, f"{self.desk}{row.pk}/", f"{self.desk}{row.pk}/edit"):
            shown += who.html.get(path).content.decode()
        shown += b"".join(who.html.get(f"{self.desk}export?format=csv").streaming_content).decode()
        assert row.id_number not in shown
        assert row.phone not in shown
        assert "演示甲" not in shown


@pytest.mark.django_db
def test_the_same_person_is_entered_once_and_a_wrong_number_not_at_all() -> None:
    row = person("330482")
    again = Person(name="演示乙", id_number=row.id_number)
    with pytest.raises(ValidationError):
        again.full_clean()
    with pytest.raises(ValidationError):
        Person(name="演示丙", id_number="110101190001010010").full_clean()


@pytest.mark.django_db
@pytest.mark.requirement("SEC-01", "SEC-08")
def test_opening_needs_a_purpose_and_is_told() -> None:
    row = person("330482")
    viewer = Viewer(user=1, name="官员", permissions=frozenset({"people.person.open"}), regions=("330482",))
    with pytest.raises(Refused):
        open_person(viewer, row, "")
    with pytest.raises(Refused):
        open_person(
            Viewer(user=1, name="别处", permissions=frozenset({"*"}), regions=("330411",)), row, "核对身份"
        )
    assert open_person(viewer, row, "核对身份").id_number == row.id_number
    told = TrailEntry.objects.unscoped("test").get(action="people.person.open")
    assert "核对身份" in told.sentence
    assert row.id_number not in str(told.__dict__)


def test_equal_texts_are_sealed_unlike_and_open_again() -> None:
    first, second = seal("330482"), seal("330482")
    assert first != second
    assert unseal(first) == unseal(second) == "330482"
