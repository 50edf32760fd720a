"""The house rules that a linter or a search can hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "siteloop"
BANNED_NAMES = {
    "utils",
    "util",
    "common",
    "helpers",
    "helper",
    "manager",
    "handler",
    "handlers",
    "services",
    "misc",
}
#: how an app is reached past every linter
HIDDEN_IMPORT = re.compile(r"apps\.get_model\(|__import__\(")


def test_imports_run_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    found = [
        p.relative_to(ROOT)
        for p in SOURCE.rglob("*")
        if p.stem in BANNED_NAMES and "__pycache__" not in p.parts
    ]
    assert not found


def test_no_model_is_fetched_behind_the_linters_back() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCE.rglob("*.py")
        if not {"migrations", "tests", "framework"} & set(path.parts)
        and HIDDEN_IMPORT.search(path.read_text())
    ]
    assert not found


@pytest.mark.parametrize(
    "module", ["siteloop.gateway.roles", "siteloop.entry.detectors", "siteloop.entry.live_access"]
)
def test_the_fast_plane_starts_without_django(module: str) -> None:
    code = (
        f"import sys, {module} as m; getattr(m, 'detectors', lambda: 0)(); sys.exit('django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_locks_hold_no_addresses_of_an_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock


def test_every_folder_of_a_floor_is_a_system_with_a_manifest() -> None:
    bare = [
        str(folder.relative_to(ROOT))
        for floor in ("foundation", "systems", "screens")
        for folder in (SOURCE / floor).iterdir()
        if folder.is_dir() and (folder / "__init__.py").exists() and not (folder / "system.py").exists()
    ]
    assert not bare


def test_no_story_waits_by_a_string_of_script() -> None:
    """Our pages forbid `eval`: such a wait passes only when it has nothing to wait for."""
    banned = "wait_for_" + "function"
    assert not [str(p.relative_to(ROOT)) for p in (ROOT / "tests").rglob("*.py") if banned in p.read_text()]
