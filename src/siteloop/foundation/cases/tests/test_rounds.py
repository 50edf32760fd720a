"""A round is done and checked until it passes; late, it goes where the loop says; two of them are a sound loop."""

from siteloop.foundation.cases.loop import Circle, Go, Loop, Outcome, Owner, Phase, problems
from siteloop.foundation.cases.rounds import Half, round_of

MANAGER = Owner("post", "project_manager", "项目经理")
BODY = Owner("department", "supervision_body", "监督机构")
DOING = Half("do", "整改", "put right", MANAGER, (BODY,), "dust.days", clock="case", evidence=True)
CHECKING = Half("check", "复查", "re-check", BODY, (MANAGER,), "dust.look")
LATE = Half("do_late", "整改（督办）", "put right (supervised)", MANAGER)
CHECKING_LATE = Half("check_late", "复查（督办）", "re-check (supervised)", BODY)


def test_a_round_is_done_checked_and_done_again() -> None:
    doing, checking = round_of(
        Circle.SMALL, DOING, CHECKING, passed="合格", failed="不合格", late=Go("do_late", "逾期")
    )
    assert (doing.phase, doing.owner, doing.circle) == (Phase.DISPOSE, MANAGER, Circle.SMALL)
    assert (doing.deadline, doing.clock, doing.evidence) == ("dust.days", "case", True)
    assert doing.on == {Outcome.REPLY: Go("check"), Outcome.OVERDUE: Go("do_late", "逾期")}
    assert (checking.phase, checking.owner, checking.informed) == (Phase.VERIFY, BODY, (MANAGER,))
    assert checking.on == {
        Outcome.PASS: Go(None, "合格"),
        Outcome.FAIL: Go("do", "不合格"),
        Outcome.OVERDUE: Go("check"),
    }


def test_what_has_no_term_does_not_run_out() -> None:
    doing, checking = round_of(Circle.LARGE, LATE, CHECKING_LATE, passed="合格", failed="不合格")
    assert Outcome.OVERDUE not in doing.on and Outcome.OVERDUE not in checking.on


def test_a_round_and_the_same_again_supervised_are_a_sound_loop() -> None:
    steps = (
        *round_of(Circle.SMALL, DOING, CHECKING, passed="合格", failed="不合格", late=Go("do_late")),
        *round_of(Circle.LARGE, LATE, CHECKING_LATE, passed="合格", failed="不合格"),
    )
    assert problems(Loop("x", "s", "闭环", "loop", steps)) == []


def test_a_term_that_leads_nowhere_is_told() -> None:
    steps = round_of(Circle.SMALL, DOING, CHECKING, passed="合格", failed="不合格")
    assert problems(Loop("x", "s", "闭环", "loop", steps)) == ["x.do: a deadline that leads nowhere"]
