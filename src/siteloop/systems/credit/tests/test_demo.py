"""The demo's credit: every state is one the program itself reaches, and every file's score is the sum of its lines."""

from collections import Counter

import pytest
from django.utils import timezone

from siteloop.foundation.authority import demo as authority
from siteloop.foundation.authority import reference as roles
from siteloop.foundation.packs import reference as packs
from siteloop.foundation.regions import reference as regions
from siteloop.foundation.registry import demo as registry
from siteloop.systems.credit import demo, facade, ranking, scoring
from siteloop.systems.credit.models import BlacklistEntry, CreditFile, CreditRecord
from siteloop.systems.credit.tests.conftest import WHY


@pytest.mark.django_db
@pytest.mark.requirement("CRED-02")
def test_the_demo_holds_every_state_and_explains_every_score(settings):
    settings.DEMO_PASSWORD = "Demo-test-2026"
    for load in (regions.load, roles.load, packs.load, authority.load, registry.load, demo.load):
        load()
    states = Counter(BlacklistEntry.objects.unscoped(WHY).values_list("state", flat=True))
    assert states == {"listed": 2, "expired": 1, "repaired": 1, "told": 1}
    today = timezone.localdate()
    for file in CreditFile.objects.unscoped(WHY):
        field, key = (
            ("organisation", file.organisation_id) if file.organisation_id else ("person", file.person_id)
        )
        assert file.score == scoring.score(ranking.explained(field, key, today)), file
    listed = CreditFile.objects.unscoped(WHY).filter(is_listed=True)
    assert {f.grade for f in listed} == {"D"}
    assert [
        f.warned for f in CreditFile.objects.unscoped(WHY).filter(person__account__username="manager")
    ] == [1]
    assert len(facade.published("blacklist")) == 2
    waiting = CreditRecord.objects.unscoped(WHY).filter(state="proposed")
    assert waiting.count() == 1
    assert CreditRecord.objects.unscoped(WHY).filter(suspended=True).count() == 1
    count = CreditRecord.objects.unscoped(WHY).count()
    demo.load()
    assert CreditRecord.objects.unscoped(WHY).count() == count, "loaded once"
