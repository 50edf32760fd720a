"""Faulty devices examined side by side: the kit waits for what they never do, and waits for all of them at once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Any, TypeVar

from siteloop.kernel.conformance import Report

Key = TypeVar("Key", bound=Hashable)
#: of one examination; hanging is failing
MOST_S = 120
#: examinations at once: they share one loop, and none should wait for its turn in it
AT_ONCE = 6


def examine_all(
    examinations: Mapping[Key, Callable[[], Coroutine[Any, Any, Report]]],
) -> Callable[[Key], Report]:
    """What gives each one's report, or raises what its examination raised: one that breaks spoils no other."""

    async def at_once() -> list[Report | BaseException]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(examine: Callable[[], Coroutine[Any, Any, Report]]) -> Report:
            async with room:
                return await asyncio.wait_for(examine(), MOST_S)

        return await asyncio.gather(*map(one, examinations.values()), return_exceptions=True)

    reports = dict(zip(examinations, asyncio.run(at_once()), strict=True))

    def report(key: Key) -> Report:
        found = reports[key]
        if isinstance(found, BaseException):
            raise found
        return found

    return report
