"""The offline base map: provinces and cities drawn small enough to send, from the map data of echarts 4.9.0 (Apache-2.0).

Neighbours share the points of their borders, so a point is kept or left out for both: no slivers open between them.
Coordinates are degrees, WGS-84.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Line = list[Point]

#: file -> (source, tolerance of the line in degrees; 0.01° are about 1 km)
LAYERS = {"map-provinces.json": ("china.json", 0.01), "map-cities.json": ("china-cities.json", 0.01)}
LABELS = "map-labels.json"
#: rings smaller than this, in square degrees, are left out unless an area has nothing larger
LEAST_AREA = 0.0004


def build(node_modules: Path, out: Path) -> list[Path]:
    """Write the layers and their labels; takes some seconds. Raises FileNotFoundError without the map data."""
    folder = node_modules / "echarts4" / "map" / "json"
    written = []
    labels: list[dict[str, Any]] = []
    for name, (source, tolerance) in LAYERS.items():
        areas = decode(json.loads((folder / source).read_text("utf-8")))
        labels += _labels(areas, 1 if "provinces" in name else 2)
        written.append(_write(out / name, simplified(areas, tolerance)))
    written.append(_write(out / LABELS, {"type": "FeatureCollection", "features": labels}))
    return written


def _write(path: Path, body: dict[str, Any]) -> Path:
    path.write_text(json.dumps(body, ensure_ascii=False, separators=(",", ":")), "utf-8")
    return path


def _labels(areas: dict[str, Any], level: int) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(x, 3) for x in area["properties"]["cp"]]},
            "properties": {"name": area["properties"]["name"], "level": level},
        }
        for area in areas["features"]
        if area["properties"].get("cp") and area["properties"].get("name")
    ]


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


def _ring(text: str, offset: list[int], scale: float) -> list[list[float]]:
    x, y = offset
    points = []
    for i in range(0, len(text) - 1, 2):
        dx, dy = ord(text[i]) - 64, ord(text[i + 1]) - 64
        x += (dx >> 1) ^ -(dx & 1)
        y += (dy >> 1) ^ -(dy & 1)
        points.append([round(x / scale, 4), round(y / scale, 4)])
    return points


def simplified(
    areas: dict[str, Any], tolerance: float, decimals: int = 3, least_area: float = LEAST_AREA
) -> dict[str, Any]:
    """The same areas with fewer points. Only the name is kept of the properties.

    A point stays in all areas when one area needs it: both sides of a shared border keep the same points.
    """
    shapes = [_polygons(f["geometry"]) for f in areas["features"]]
    rings = [ring for polygons in shapes for polygon in polygons for ring in polygon]
    needed = {point for ring in rings for point in _needed(ring, tolerance)}
    features = []
    for feature, polygons in zip(areas["features"], shapes, strict=True):
        drawn = [_drawn(polygon, needed, decimals) for polygon in polygons]
        features.append(
            {
                "type": "Feature",
                "properties": {"name": feature.get("properties", {}).get("name", "")},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": _large_enough([p for p in drawn if p], least_area),
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _needed(ring: Line, tolerance: float) -> list[Point]:
    """Points the ring cannot do without; it is opened at its smallest point so that it is cut alike everywhere."""
    body = ring[:-1]
    start = min(range(len(body)), key=body.__getitem__)
    turned = [*body[start:], *body[:start], body[start]]
    return [turned[i] for i in thinned(np.array(turned), tolerance)]


def _drawn(polygon: list[Line], needed: set[Point], decimals: int) -> list[list[list[float]]]:
    """The rings of one polygon; a hole that shrinks to nothing is left out, with the outer ring everything."""
    drawn = []
    for i, ring in enumerate(polygon):
        rounded = _closed(
            [(round(x, decimals), round(y, decimals)) for x, y in ring[:-1] if (x, y) in needed]
        )
        if len(rounded) >= 4:
            drawn.append([list(p) for p in rounded])
        elif i == 0:
            return []
    return drawn


def _polygons(geometry: dict[str, Any]) -> list[list[Line]]:
    """Rings by polygon, the outer one first. The source also lists islands as further rings of one polygon."""
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    found: list[list[Line]] = []
    for part in parts:
        rings = [_closed([(float(p[0]), float(p[1])) for p in ring]) for ring in part]
        whole = sorted((r for r in rings if len(r) >= 4), key=lambda r: -abs(_area(r)))
        mine: list[list[Line]] = []
        for ring in whole:
            around = next((polygon for polygon in mine if _inside(ring[0], polygon[0])), None)
            if around is None:
                mine.append([ring])
            else:
                around.append(ring)
        found += mine
    return found


def _inside(point: Point, ring: Line) -> bool:
    """Whether the point lies inside the ring, by counting the borders to its right."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _closed(ring: Line) -> Line:
    """Without repeated points, the first one again at the end."""
    kept = [p for i, p in enumerate(ring) if i == 0 or p != ring[i - 1]]
    return kept if len(kept) < 2 or kept[0] == kept[-1] else [*kept, kept[0]]


def thinned(points: NDArray[np.float64], tolerance: float) -> list[int]:
    """Indices kept by Douglas and Peucker's rule; both ends always stay. A closed line keeps its farthest point."""
    kept = {0, len(points) - 1}
    open_parts = [(0, len(points) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        if last - first < 2:
            continue
        a, b = points[first], points[last]
        middle = points[first + 1 : last]
        along = b - a
        length = float(np.hypot(along[0], along[1]))
        if length == 0:
            away = np.hypot(*(middle - a).T)
        else:
            away = np.abs(along[0] * (middle[:, 1] - a[1]) - along[1] * (middle[:, 0] - a[0])) / length
        far = int(np.argmax(away))
        if away[far] > tolerance:
            kept.add(first + 1 + far)
            open_parts += [(first, first + 1 + far), (first + 1 + far, last)]
    return sorted(kept)


def _large_enough(polygons: list[list[list[list[float]]]], least: float) -> list[list[list[list[float]]]]:
    areas = [abs(_area(p[0])) for p in polygons]
    largest = max(areas, default=0.0)
    return [p for p, area in zip(polygons, areas, strict=True) if area >= least or area == largest]


def _area(ring: Any) -> float:
    x, y = np.array(ring).T
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2
