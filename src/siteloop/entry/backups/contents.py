"""What a backup folder holds, and whether it still is what was written.

database/        pg_dump's directory format
files/, pictures/, raw/, archive/, put_aside/   copies of the data folder's
keys.sealed      the installation's keys under a passphrase
manifest.json    written last: without it the folder is no backup
"""

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from siteloop.entry.trouble import Trouble

MANIFEST = "manifest.json"
KEYS = "keys.sealed"
DATABASE = "database"
COPIED = ("files", "raw", "archive", "pictures", "put_aside")
FORM = 1


@dataclass(frozen=True)
class Manifest:
    """`rows` = exact number of rows of the tables that tell most; `sha256` by path inside the backup."""

    form: int
    made_at: str
    schema: int
    rows: dict[str, int]
    sha256: dict[str, str]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below, by its path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def write(folder: Path, schema: int, rows: dict[str, int]) -> Manifest:
    """Close the backup."""
    manifest = Manifest(
        FORM, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), schema, rows, digests(folder)
    )
    part = folder / f"{MANIFEST}.part"
    part.write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False))
    part.replace(folder / MANIFEST)
    return manifest


def read(folder: Path) -> Manifest:
    """Read and check every file. Raises Trouble that names the first wrong one."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError):
        raise Trouble(
            f"{folder} 不是完整的备份（缺少或无法读取 {MANIFEST}）", f"{folder} is not a whole backup"
        ) from None
    if manifest.form != FORM:
        raise Trouble("备份由更新的程序制作，请升级程序", "the backup was made by a newer program")
    now = digests(folder)
    for name, digest in manifest.sha256.items():
        if now.get(name) != digest:
            raise Trouble(f"备份文件 {name} 缺失或已损坏", f"{name} of the backup is missing or damaged")
    return manifest


def copy(source: Path, target: Path) -> None:
    """The kept folders of a data folder or of a backup. Files are written once; one whose term ends meanwhile is gone, and not missed.

    Raises Trouble that names the first file that is there and cannot be copied.
    """
    for name in COPIED:
        if not (source / name).is_dir():
            continue
        try:
            # what is just being written has no line in the database yet
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("*.part"))
        except shutil.Error as wrong:
            left = [(path, why) for path, _, why in wrong.args[0] if Path(path).exists()]
            if left:
                raise Trouble(
                    f"{left[0][0]} 无法复制：{left[0][1]}", f"{left[0][0]} cannot be copied"
                ) from None
