"""Where archived days lie: a narrow port, and the folder that serves until an installation has an object store."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol


class ArchiveStore(Protocol):
    """Files that are written once, whole, and read ever after."""

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> tuple[int, str]:
        """Keep what `write` writes; (bytes, SHA-256) as read back. Whole or not at all, also through a crash. Raises OSError."""

    def open(self, name: str) -> BinaryIO:
        """For reading, seekable. Raises FileNotFoundError."""


class FolderStore:
    """Below a folder of the data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> tuple[int, str]:
        """Beside its place first, flushed, then renamed; a file of that name from an unfinished try is replaced."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        part = path.with_suffix(".part")
        with part.open("wb") as target:
            write(target)
            target.flush()
            os.fsync(target.fileno())
        part.chmod(0o640)
        part.replace(path)
        _flush_folder(path.parent)
        with path.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        return path.stat().st_size, digest

    def open(self, name: str) -> BinaryIO:
        """The file itself."""
        return (self.folder / name).open("rb")


class _NoStore:
    """Where nobody said where the archive lies: nothing is written, and a day that is there is not passed over in silence."""

    def put(self, name: str, write: Callable[[BinaryIO], None]) -> tuple[int, str]:
        """Refused."""
        raise FileNotFoundError(f"{name}: no archive is named")

    def open(self, name: str) -> BinaryIO:
        """Refused."""
        raise FileNotFoundError(f"{name}: no archive is named")


NO_STORE: ArchiveStore = _NoStore()


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
