"""A case: what it is called, which clause it stands on, what is expected, and how it is found out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from siteloop.gateway.conformance.ear import Lost
from siteloop.kernel.conformance import Result, Seen, Verdict

T = TypeVar("T")
MOST_SEEN = 12  # exchanges a case keeps
UNVERIFIED = "条款号未核实"


@dataclass(frozen=True)
class Outcome:
    """What a case came to."""

    verdict: Verdict
    found: str
    seen: tuple[Seen, ...] = ()


def passed(found: str, seen: Iterable[Seen] = ()) -> Outcome:
    """As expected."""
    return Outcome(Verdict.PASS, found, tuple(seen)[:MOST_SEEN])


def failed(found: str, seen: Iterable[Seen] = ()) -> Outcome:
    """Not as expected."""
    return Outcome(Verdict.FAIL, found, tuple(seen)[:MOST_SEEN])


def not_shown(found: str, seen: Iterable[Seen] = ()) -> Outcome:
    """The occasion did not arise."""
    return Outcome(Verdict.NOT_SHOWN, found, tuple(seen)[:MOST_SEEN])


def judged(is_right: bool, found: str, seen: Iterable[Seen] = ()) -> Outcome:
    """One or the other."""
    return passed(found, seen) if is_right else failed(found, seen)


@dataclass(frozen=True)
class Case(Generic[T]):
    """`versions` empty = all of the protocol."""

    code: str
    title: str
    title_en: str
    clause: str
    expected: str
    run: Callable[[T], Awaitable[Outcome]]
    versions: tuple[str, ...] = ()


@dataclass
class Suite(Generic[T]):
    """The cases of one side of a protocol, in the order of the report. Those of what was heard are judged last."""

    cases: list[Case[T]] = field(default_factory=list)
    afterwards: set[str] = field(default_factory=set)

    def __add__(self, other: "Suite[T]") -> "Suite[T]":
        """Both, one after the other in the report."""
        return Suite(self.cases + other.cases, self.afterwards | other.afterwards)

    def case(
        self,
        code: str,
        title: str,
        title_en: str,
        clause: str,
        expected: str,
        versions: tuple[str, ...] = (),
        afterwards: bool = False,
    ) -> Callable[[Callable[[T], Awaitable[Outcome]]], Callable[[T], Awaitable[Outcome]]]:
        """Add a case; `afterwards` judges all that was heard."""

        def add(run: Callable[[T], Awaitable[Outcome]]) -> Callable[[T], Awaitable[Outcome]]:
            self.cases.append(Case(code, title, title_en, clause, expected, run, versions))
            if afterwards:
                self.afterwards.add(code)
            return run

        return add

    async def run(self, talk: T, version: str, say: Callable[[str], None]) -> tuple[Result, ...]:
        """Every case in turn; a lost line is a failure of the case, not of the run."""
        chosen = [c for c in self.cases if not c.versions or version in c.versions]
        ordered = sorted(chosen, key=lambda c: c.code in self.afterwards)
        outcomes: dict[str, Outcome] = {}
        for case in ordered:
            outcomes[case.code] = await _outcome(case, talk)
            say(f"{case.code}: {outcomes[case.code].verdict} {outcomes[case.code].found}")
        return tuple(
            Result(
                c.code,
                c.title,
                c.title_en,
                c.clause,
                c.expected,
                outcomes[c.code].found,
                outcomes[c.code].verdict,
                outcomes[c.code].seen,
            )
            for c in chosen
        )


async def _outcome(case: Case[T], talk: T) -> Outcome:
    try:
        return await case.run(talk)
    except Lost:
        return failed("对方不在线，无法测试")
    except (OSError, asyncio.IncompleteReadError) as wrong:
        return failed(f"连接中断：{wrong}")
