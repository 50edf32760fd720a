"""Test plug-in (`-p siteloop.entry.testing`): a real PostgreSQL of the run's own, started before the settings are read.

pytest-django reads the settings before any conftest is loaded, so the engine starts when this module is imported: once, in
the process that was called; xdist's workers inherit its address and clone their own databases in it.
People working side by side set SITELOOP_TEST_SLOT so that their engines and databases do not meet.
"""

import atexit
import fcntl
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from siteloop.entry import settled, testing_base
from siteloop.entry.engines.postgres import Postgres

_slot = os.environ.get("SITELOOP_TEST_SLOT", "main")
FOLDER = Path(os.environ.get("SITELOOP_TEST_DATA", Path(tempfile.gettempdir()) / f"siteloop-test-{_slot}"))
_locks: list[object] = []
#: the run's own place for what tests write, in its folder
SCRATCH = "t"
_folders: list[Path] = []
#: tests below a path run in one process, one after another: because they share a running program, or because they wait
#: (for what must not come, for a lease to lapse) and use little of the processor, which the county's then has beside them
TOGETHER = {
    "tests/browser/": "county",
    "tests/county/": "county",
    "tests/intake/": "county",
    "src/siteloop/gateway/tests/": "gateway",
    # whole clusters: one at a time, beside the county's, so that two cores carry them
    "tests/faults/": "faults",
    "src/siteloop/entry/tests/test_supervisor.py": "stack",
}
#: groups in the order in which they begin: the long chain and the waiting ones at once, what only computes afterwards
BEGIN = ("county", "stack", "faults", "gateway")


def group(nodeid: str) -> str:
    """With which tests one runs in the same process; alone by default."""
    return next((group for path, group in TOGETHER.items() if nodeid.startswith(path)), nodeid)


def _turn(item: pytest.Item) -> int:
    found = group(item.nodeid)
    return BEGIN.index(found) if found in BEGIN else len(BEGIN)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The groups first, in their order; everything else as it was."""
    items.sort(key=_turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """Tests go to whichever process is free, in the order of their collection, but those of TOGETHER stay together."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """What tests write lies in the run's own folder, unless asked for elsewhere.

    pytest's own folder is one for all runs of a person, and each closes it to others as it begins: under the engines that another run started
    in it, which as root are another user's.
    """
    if _folders and not config.option.basetemp:
        config.option.basetemp = str(_folders[0] / SCRATCH)


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay in memory till the end: the collector of cycles need not go through them each time."""
    settled.settle()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The ten dearest files: a hundred cheap tests with a dear set-up stand in no list of slow tests."""
    seconds: dict[str, float] = defaultdict(float)
    for report in (one for reports in terminalreporter.stats.values() for one in reports):
        if isinstance(report, pytest.TestReport):
            seconds[report.nodeid.split("::")[0]] += report.duration
    if len(seconds) > 1:
        terminalreporter.section("ten dearest files")
        for name, spent in sorted(seconds.items(), key=lambda one: -one[1])[:10]:
            terminalreporter.write_line(f"{spent:7.1f}s {name}")


def _own_folder() -> Path:
    """The slot's folder, or the next one when another run is using it."""
    for n in range(16):
        folder = FOLDER if n == 0 else FOLDER.with_name(f"{FOLDER.name}-{n}")
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "testing.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        return folder
    raise RuntimeError(f"sixteen test runs are using {FOLDER}")


def _start() -> None:
    if "SITELOOP_DATABASE_URL" in os.environ:
        os.environ.setdefault("SITELOOP_DATA", str(FOLDER))
        return
    folder = _own_folder()
    _folders.append(folder)
    os.environ.setdefault("SITELOOP_DATA", str(folder))
    base = testing_base.made(FOLDER)
    testing_base.renew(base, folder)
    server = Postgres(folder, testing_base.QUICK)
    server.start()
    atexit.register(server.stop)
    testing_base.emptied(server.url)
    os.environ[testing_base.USED] = str(base)
    os.environ["SITELOOP_DATABASE_URL"] = server.url


_start()
