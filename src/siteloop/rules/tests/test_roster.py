"""What a roster lets in of a block, and how detectors that stand alike share it."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siteloop.kernel.times import MINUTE, SECOND
from siteloop.rules.roster import Roster
from siteloop.rules.tests.support import NOON, block, monitor, row

ROWS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6)), max_size=12)


def _columns(drawn):
    return block([row(d, NOON + minute * MINUTE, pm25=float(minute)) for d, minute in drawn])[1]


@example(before=[], drawn=[(3, 0), (4, 0)], who=[1, 2, 4, 3], many=3)
@given(before=ROWS, drawn=ROWS, who=st.permutations([1, 2, 3, 4]), many=st.integers(1, 4))
def test_who_asks_after_another_is_let_in_as_if_it_asked_alone(before, drawn, who, many):
    devices = [monitor(n) for n in who[:many]]
    first, second, alone = Roster([monitor(n) for n in (1, 2, 3)]), Roster(devices), Roster(devices)
    for roster in (second, alone):  # the first has not seen it
        roster.admit(_columns(before))
    columns = _columns(drawn)
    first.admit(columns)
    shared, own = second.admit(columns), alone.admit(_columns(drawn))
    assert shared.row.tolist() == own.row.tolist()
    assert shared.slot.tolist() == own.slot.tolist()
    assert second.gate["last"].tolist() == alone.gate["last"].tolist()


def test_rosters_that_stand_alike_share_a_batch_and_what_was_worked_out():
    devices = [monitor(1), monitor(2)]
    one, other = Roster(devices), Roster(devices)
    columns = _columns([(1, 0), (2, 0)])
    batch = one.admit(columns)
    assert other.admit(columns) is batch
    assert other.admit(columns).row.tolist() == [], "the same rows again are not news"
    assert batch.values(0)[0] is batch.values(0)[0]


def test_nobody_writes_into_what_is_shared():
    batch = Roster([monitor(1)]).admit(_columns([(1, 0), (1, 1)]))
    value, valid = batch.values(0)
    runs = batch.runs(np.ones(2, bool))
    for array in (batch.row, batch.slot, batch.at, batch.received_at, value, valid, runs.row, runs.slot):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@given(drawn=st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.integers(0, 9)), max_size=20))
def test_the_newest_with_a_flag_and_how_many_rows_since(drawn):
    batch = Roster([monitor(n) for n in (1, 2, 3)]).admit(
        block([row(d, NOON + i * SECOND, pm25=1) for i, (d, _, _) in enumerate(drawn)])[1]
    )
    runs = batch.runs(np.ones(len(batch), bool))
    flag = np.array([drawn[r][1] for r in batch.row[runs.row]], bool)
    value = np.array([drawn[r][2] for r in batch.row[runs.row]], np.int64)
    found = runs.newest(flag, value, np.array([100, 200, 300])).tolist()
    since = runs.count_since(flag, np.array([1000, 2000, 3000])).tolist()
    newest, count = {1: 100, 2: 200, 3: 300}, {1: 1000, 2: 2000, 3: 3000}
    for place, r in enumerate(batch.row[runs.row]):
        device, is_it, number = drawn[r]
        newest[device] = number if is_it else newest[device]
        count[device] = 1 if is_it else count[device] + 1
        assert (found[place], since[place]) == (newest[device], count[device])
