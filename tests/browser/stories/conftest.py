"""Who takes part in the stories, and what is moved or looked up behind their pages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from siteloop.entry.testing_stack import Stack
from tests.browser.stories.person import Person
from tests.county.caller import Caller


@pytest.fixture
def person(sign_in: Callable[..., Page]) -> Callable[..., Person]:
    """person("inspector"): signed in, on a page of their own."""
    return lambda username, **options: Person(sign_in(username, **options))


@pytest.fixture
def api(county: Stack, ready: dict[str, Any]) -> Iterator[Callable[..., dict[str, Any]]]:
    """api("county", "/packs/values", {…}): what a story needs before it begins, done by that account; its answer."""
    callers: dict[str, Caller] = {}

    def call(username: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if username not in callers:
            callers[username] = Caller(county.url, username, ready["password"])
        answer = callers[username].client.post(f"/api/v1{path}", json=body)
        assert answer.is_success, f"{answer.status_code} {path}: {answer.text}"
        return dict(answer.json())

    yield call
    for caller in callers.values():
        caller.close()


@pytest.fixture
def lapse(rows: Callable[..., list[Any]]) -> Callable[[int], None]:
    """lapse(case): its term is over now, instead of waiting for it; lapse(case, days=8): and it began so long ago."""

    def lapse(case: int, days: int = 0) -> None:
        rows(
            "UPDATE cases_case SET deadline = now(), opened_at = opened_at - make_interval(days => %s) WHERE id = %s",
            days,
            case,
        )

    return lapse


@pytest.fixture
def on_time(county: Stack, rows: Callable[..., list[Any]]) -> Callable[[str], None]:
    """on_time("supervisor_firms.find_late"): that timed work is done now, instead of when its minute comes."""

    def on_time(task: str) -> None:
        ((job,),) = rows(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " VALUES ('default', %s, '{\"timestamp\": 0}') RETURNING id",
            task,
        )
        county.until(lambda: not rows("SELECT 1 FROM procrastinate_jobs WHERE id = %s", job), 20)

    return on_time
