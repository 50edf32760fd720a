"""A broken declaration is told before a case can get stuck in it."""

import dataclasses

from siteloop.foundation.cases.loop import Circle, Go, Loop, Outcome, Owner, Phase, Step, problems

MANAGER = Owner("post", "project_manager", "项目经理")
DISPOSE = Step("a", "处置", "dispose", Circle.SMALL, Phase.DISPOSE, MANAGER, {Outcome.REPLY: Go("b")})
VERIFY = Step(
    "b",
    "核查",
    "verify",
    Circle.SMALL,
    Phase.VERIFY,
    MANAGER,
    {Outcome.PASS: Go(None), Outcome.FAIL: Go("a")},
)
GOOD = Loop("x", "s", "闭环", "loop", (DISPOSE, VERIFY))


def test_a_sound_loop_has_no_problem() -> None:
    assert problems(GOOD) == []


def test_an_unknown_target_is_told() -> None:
    wrong = dataclasses.replace(DISPOSE, on={Outcome.REPLY: Go("nowhere")})
    found = problems(dataclasses.replace(GOOD, steps=(wrong, VERIFY)))
    assert "x: unknown step nowhere" in found
    assert "x: nothing leads to b" in found


def test_a_deadline_must_lead_somewhere() -> None:
    wrong = dataclasses.replace(DISPOSE, deadline="dust.deadline")
    assert problems(dataclasses.replace(GOOD, steps=(wrong, VERIFY))) == [
        "x.a: a deadline that leads nowhere"
    ]


def test_a_loop_must_end() -> None:
    endless = dataclasses.replace(VERIFY, on={Outcome.PASS: Go("a"), Outcome.FAIL: Go("a")})
    assert "x: cannot be closed" in problems(dataclasses.replace(GOOD, steps=(DISPOSE, endless)))
