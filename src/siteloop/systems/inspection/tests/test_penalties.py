"""The penalty procedure: its dates in order, evidence that counts, a hearing that is waited for, a fine within its range."""

import datetime as dt

import pytest
from django.utils import timezone

from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as case_actions
from siteloop.foundation.cases import engine as case_engine
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.systems.inspection import actions, conduct, penalties
from siteloop.systems.inspection.models import Measure, Penalty, Proof
from siteloop.systems.inspection.tests import rows

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("INSP-11")]
LOOK = "the test looks"


@pytest.fixture(autouse=True)
def pack():
    row = Pack(code="t-penalty", title="测试", region_code="33")
    row.save()
    for key, amount in (("decide", 90), ("serve", 7), ("hearing", 5)):
        value = {"amount": amount, "unit": "day", "counts": "calendar"}
        PackValue(pack=row, key=f"inspection.penalty.{key}", title=key, value=value).save()


def _do(action, penalty, **data):
    said = perform(action, viewer_for(rows.inspector()), penalty, data)
    penalty.refresh_from_db()
    return said


def _local() -> Measure:
    row = Measure(
        code="fine_test", title="罚款", kind="fine", instrument="测试条例", fine_low=10_000, fine_high=100_000
    )
    row.save()
    return row


def _aged(days: int) -> Penalty:
    """Moved so many days ago, filed and told at once."""
    penalty = rows.penalty()
    penalty.order.issued_at = timezone.now() - dt.timedelta(days=days)
    penalty.order.save()
    begun = timezone.localdate() - dt.timedelta(days=days)
    _do(penalties.file, penalty, filed_on=begun)
    _do(penalties.tell, penalty, told_on=begun)
    return penalty


def test_the_whole_way_to_a_settled_case():
    penalty = _aged(10)
    _do(penalties.add_proof, penalty, kind="record", title="现场检查笔录")
    today = timezone.localdate()
    said = _do(penalties.decide, penalty, measure=_local().pk, amount=20_000, decided_on=today)
    assert penalty.document.number in said and penalty.state == "decided"
    _do(penalties.serve, penalty, served_on=today)
    _do(penalties.settle, penalty, settled_on=today, outcome="已缴纳")
    penalty.case.refresh_from_db()
    assert (penalty.state, penalty.case.state, penalty.case.words) == ("settled", "closed", "已结案")


@pytest.mark.parametrize("amount", ["9999.99", "100000.01", "0", "-1"])
def test_a_fine_outside_its_range_is_refused(amount):
    penalty = _aged(10)
    _do(penalties.add_proof, penalty, kind="record", title="笔录")
    with pytest.raises(Refused):
        _do(penalties.decide, penalty, measure=_local().pk, amount=amount, decided_on=timezone.localdate())


def test_a_law_of_another_place_is_no_basis():
    penalty = _aged(10)
    _do(penalties.add_proof, penalty, kind="record", title="笔录")
    shanghai = rows.measure("fine_dust")
    with pytest.raises(Refused, match="不适用于本地"):
        _do(penalties.decide, penalty, measure=shanghai.pk, amount=20_000, decided_on=timezone.localdate())


def test_an_unreviewed_electronic_record_is_no_evidence():
    penalty = _aged(10)
    today = timezone.localdate()
    _do(penalties.add_proof, penalty, kind="electronic", title="塔机监控记录")
    decide = {"measure": _local().pk, "amount": 20_000, "decided_on": today}
    with pytest.raises(Refused, match="第四十一条"):
        _do(penalties.decide, penalty, **decide)
    proof = Proof.objects.unscoped(LOOK).get()
    viewer = viewer_for(rows.inspector())
    with pytest.raises(Refused, match="不同人员"):
        perform(
            penalties.review, viewer, proof, {"legal_by": "甲", "technical_by": "甲", "reviewed_on": today}
        )
    perform(penalties.review, viewer, proof, {"legal_by": "甲", "technical_by": "乙", "reviewed_on": today})
    with pytest.raises(Refused, match="设备明显标志、设置地点公布"):
        _do(penalties.decide, penalty, **decide)
    full = {
        "legal_by": "甲",
        "technical_by": "乙",
        "reviewed_on": today,
        "marked": True,
        "published_on": today,
    }
    assert "可作为证据" in perform(penalties.review, viewer, proof, full)
    _do(penalties.decide, penalty, **decide)


def test_no_decision_without_a_proof_or_before_the_partys_days_are_over():
    penalty = _aged(2)
    with pytest.raises(Refused, match=r"没有证据.*申请听证的期限"):
        _do(penalties.decide, penalty, measure=_local().pk, amount=20_000, decided_on=timezone.localdate())


def test_a_hearing_asked_for_in_time_is_waited_for():
    penalty = _aged(10)
    _do(penalties.add_proof, penalty, kind="record", title="笔录")
    with pytest.raises(Refused, match="期限内"):
        _do(penalties.ask_hearing, penalty, asked_on=timezone.localdate())
    _do(penalties.ask_hearing, penalty, asked_on=penalty.told_on + dt.timedelta(days=3))
    decide = {"measure": _local().pk, "amount": 20_000, "decided_on": timezone.localdate()}
    with pytest.raises(Refused, match="尚未听证"):
        _do(penalties.decide, penalty, **decide)
    _do(penalties.hear, penalty, heard_on=timezone.localdate())
    _do(penalties.decide, penalty, **decide)


@pytest.mark.parametrize("days", [1, -400])
def test_dates_lie_neither_in_the_future_nor_before_what_they_rest_on(days):
    penalty = rows.penalty()
    with pytest.raises(Refused, match="不能"):
        _do(penalties.file, penalty, filed_on=timezone.localdate() + dt.timedelta(days=days))


def test_ninety_days_from_filing_are_watched_by_the_clock():
    penalty = rows.penalty()
    _do(penalties.file, penalty, filed_on=timezone.localdate())
    penalty.case.refresh_from_db()
    case_engine.fire_deadlines(timezone.now() + dt.timedelta(days=91, hours=1))
    penalty.case.refresh_from_db()
    assert penalty.case.is_overdue and penalty.case.words == "超过办案期限"
    assert penalties.last_day(penalty, "inspection.penalty.decide", penalty.filed_on) == (
        penalty.filed_on + dt.timedelta(days=90)
    )


@pytest.mark.requirement("KPI-07")
def test_a_cancelled_case_takes_its_penalty_back():
    penalty = _aged(10)
    _do(penalties.add_proof, penalty, kind="record", title="现场检查笔录")
    today = timezone.localdate()
    _do(penalties.decide, penalty, measure=_local().pk, amount=20_000, decided_on=today)
    begun = timezone.now() - dt.timedelta(minutes=1)
    assert [f.withdrawn for f in conduct.facts(begun) if f.source == "inspection.penalty"] == [""]
    viewer = viewer_for(rows.inspector())
    perform(case_actions.cancel, viewer, penalty.case, {"body": "移送对象有误"})
    penalty = Penalty.objects.unscoped(LOOK).get(pk=penalty.pk)
    assert (penalty.state, penalty.outcome, penalty.settled_on) == ("withdrawn", "移送对象有误", today)
    assert (penalty.document.state, penalty.order.state) == ("void", "withdrawn")
    assert penalty.order.document.state == "void"
    told = [f.withdrawn for f in conduct.facts(begun) if f.source == "inspection.penalty"]
    assert told == ["处罚已撤案：移送对象有误"]
    with pytest.raises(Refused):
        _do(penalties.serve, penalty, served_on=today)


def test_a_transfer_taken_back_may_be_made_again():
    order = rows.order()
    viewer = viewer_for(rows.inspector())
    perform(actions.transfer, viewer, order)
    with pytest.raises(Refused):
        perform(actions.transfer, viewer, order)
    case = Penalty.objects.unscoped(LOOK).get(order__parent=order).case
    perform(case_actions.cancel, viewer, case, {"body": "证据不足"})
    assert "已移送" in perform(actions.transfer, viewer, order)


def test_dropped_with_its_reason_the_case_is_closed():
    penalty = rows.penalty()
    _do(penalties.drop, penalty, reason="轻微并及时改正")
    penalty.case.refresh_from_db()
    assert (penalty.state, penalty.case.state) == ("dropped", "closed")
