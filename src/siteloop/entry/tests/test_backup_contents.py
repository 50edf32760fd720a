"""Copying the kept folders while the program goes on."""

import os
from pathlib import Path

import pytest

from siteloop.entry.backups import contents
from siteloop.entry.trouble import Trouble


def _data(folder: Path) -> Path:
    for name in ("pictures/aa/1", "pictures/aa/3", "raw/20260101/dust.raw", "files/x.part"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"kept")
    return folder


@pytest.mark.requirement("IOT-10")
def test_a_picture_whose_term_ends_while_it_is_copied_does_not_end_the_backup(tmp_path: Path) -> None:
    """Pictures and raw frames are forgotten every hour, whatever else runs: a name that was listed leads nowhere any more."""
    data = _data(tmp_path / "data")
    (data / "pictures/aa/2").symlink_to(data / "pictures/aa/gone")
    contents.copy(data, tmp_path / "backup")
    found = sorted(
        str(p.relative_to(tmp_path / "backup")) for p in (tmp_path / "backup").rglob("*") if p.is_file()
    )
    assert found == ["pictures/aa/1", "pictures/aa/3", "raw/20260101/dust.raw"]


def test_a_file_that_is_there_and_cannot_be_copied_is_named(tmp_path: Path) -> None:
    data = _data(tmp_path / "data")
    os.mkfifo(data / "files/odd")
    with pytest.raises(Trouble, match="files/odd"):
        contents.copy(data, tmp_path / "backup")
