from django.test import Client
from siteloop.systems.dust.tests.test_loops import *

@pytest.mark.requirement("DUST-24")
def test_form(county: County) -> None:
    case = opened(county)
    engine.outcome(case, Outcome.OVERDUE, engine.ENGINE)
    c = Client(); c.force_login(county.squad)
    a = c.get(f"/cases/cases/{case.pk}/actions/record_enforcement")
    assert a.status_code == 200
    a = c.post(f"/cases/cases/{case.pk}/actions/record_enforcement", {"kind": "fined", "decided_on": "2026-11-20", "decision_number": "演示罚字〔2026〕1号", "amount": "20000", "devices": "", "body": ""})
    assert a.status_code == 302, a.content.decode()
