"""Browser libraries from node_modules and the offline base map, put where they are served from: nothing comes from elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any

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
    build_basemap(source, VENDOR)
    return VENDOR


def build_basemap(node_modules: Path, out: Path) -> None:
    """Provinces and cities as GeoJSON from the map data of echarts 4.9.0 (Apache-2.0)."""
    folder = node_modules / "echarts4" / "map" / "json"
    for name, source in (("provinces.json", "china.json"), ("cities.json", "china-cities.json")):
        target = out / name
        if not target.exists():
            drawn = simplify(decode(json.loads((folder / source).read_text("utf-8"))))
            target.write_text(json.dumps(drawn, ensure_ascii=False, separators=(",", ":")))


def decode(data: dict[str, Any]) -> dict[str, Any]:
    """GeoJSON from the compressed form: zig-zag differences in characters, offset by 64, in 1/1024 degree."""
    if not data.get("UTF8Encoding"):
        return data
    scale = data.get("UTF8Scale") or 1024
    for feature in data["features"]:
        geometry = feature["geometry"]
        offsets = geometry.pop("encodeOffsets", None)
        if offsets is None:
            continue
        if geometry["type"] == "Polygon":
            geometry["coordinates"] = [
                _ring(text, offset, scale)
                for text, offset in zip(geometry["coordinates"], offsets, strict=True)
            ]
        else:
            geometry["coordinates"] = [
                [_ring(text, offset, scale) for text, offset in zip(polygon, inner, strict=True)]
                for polygon, inner in zip(geometry["coordinates"], offsets, strict=True)
            ]
    data.pop("UTF8Encoding")
    return data


def simplify(data: dict[str, Any], least: float = 0.008) -> dict[str, Any]:
    """Leave out points closer than `least` degrees to the one before: a base map for orientation needs no more."""
    for feature in data["features"]:
        geometry = feature["geometry"]
        if geometry["type"] == "Polygon":
            geometry["coordinates"] = [_thin(ring, least) for ring in geometry["coordinates"]]
        elif geometry["type"] == "MultiPolygon":
            geometry["coordinates"] = [
                [_thin(ring, least) for ring in part] for part in geometry["coordinates"]
            ]
    return data


def _thin(ring: list[list[float]], least: float) -> list[list[float]]:
    kept = ring[:1]
    for x, y in ring[1:-1]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= least:
            kept.append([x, y])
    return [*kept, ring[-1]] if len(kept) > 2 else ring


def _ring(text: str, offset: list[int], scale: float) -> list[list[float]]:
    x, y = offset
    points = []
    for i in range(0, len(text) - 1, 2):
        dx, dy = ord(text[i]) - 64, ord(text[i + 1]) - 64
        x += (dx >> 1) ^ -(dx & 1)
        y += (dy >> 1) ^ -(dy & 1)
        points.append([round(x / scale, 4), round(y / scale, 4)])
    return points
