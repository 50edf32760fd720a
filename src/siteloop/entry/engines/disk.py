"""Room on the disk: an engine that fills it stops in the middle of a write, so we do not begin near the end."""

import os
import shutil
from pathlib import Path

from siteloop.entry.sentences import CannotStart

LEAST = int(os.environ.get("SITELOOP_LEAST_FREE_MB", "1024")) * 1024 * 1024


def ensure_room(folder: Path) -> None:
    """Raises CannotStart when less than 1 GiB is left (SITELOOP_LEAST_FREE_MB)."""
    free = shutil.disk_usage(folder).free
    if free < LEAST:
        raise CannotStart(
            f"磁盘空间不足：{folder} 所在磁盘仅剩 {free // 1024**2} MB，至少需要 {LEAST // 1024**2} MB",
            f"disk nearly full: {free // 1024**2} MB left at {folder}, {LEAST // 1024**2} MB needed",
        )
