"""Browser libraries from node_modules and the offline base map, put where they are served from: nothing comes from elsewhere."""

import gzip
import shutil
from pathlib import Path

from siteloop.framework import basemap

ROOT = Path(__file__).resolve().parents[3]
VENDOR = ROOT / ".tools" / "vendor"
ICONS = ROOT / "node_modules" / "@tabler" / "icons" / "icons" / "outline"

FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "alpine.min.js": "@alpinejs/csp/dist/cdn.min.js",
    "tom-select.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
    "flatpickr.min.js": "flatpickr/dist/flatpickr.min.js",
    "flatpickr.min.css": "flatpickr/dist/flatpickr.min.css",
    "flatpickr-zh.js": "flatpickr/dist/l10n/zh.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "maplibre-gl.js": "maplibre-gl/dist/maplibre-gl-csp.js",
    "maplibre-gl-worker.js": "maplibre-gl/dist/maplibre-gl-csp-worker.js",
    "maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
}


def prepare(node_modules: Path | None = None) -> Path:
    """Copy what is served and build the base map; does nothing when it is up to date. Raises FileNotFoundError."""
    source = node_modules or ROOT / "node_modules"
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, path in FILES.items():
        target = VENDOR / name
        if not target.exists() or target.stat().st_size != (source / path).stat().st_size:
            shutil.copyfile(source / path, target)
    for old in ("provinces.json", "cities.json"):
        (VENDOR / old).unlink(missing_ok=True)
    basemap.build(source, VENDOR)
    compress(VENDOR)
    return VENDOR


def compress(folder: Path) -> None:
    """A gzip beside every file that gets clearly smaller by it; the web server sends that to who can read it."""
    for path in sorted(folder.glob("*.*")):
        packed = path.with_name(path.name + ".gz")
        if path.suffix == ".gz" or path.stat().st_size < 2_000:
            continue
        if not packed.exists() or packed.stat().st_mtime < path.stat().st_mtime:
            packed.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
