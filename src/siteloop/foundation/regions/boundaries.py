"""Reading a GeoJSON file of borders: each feature is checked and named by its place in the file when it is wrong."""

import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

from siteloop.framework import basemap

MAX_BYTES = 30 * 1024 * 1024
MAX_FEATURES = 2000
#: degrees a simplified line may lie away from the one in the file: about 50 m
TOLERANCE = 0.0005
#: property names that usually hold the code, tried in this order
CODE_NAMES = ("code", "adcode", "gb", "pac", "xzqdm", "区划代码", "行政区划代码", "id")
#: where the country lies, degrees
WEST, EAST, SOUTH, NORTH = 73.0, 136.0, 3.0, 54.0


@dataclass(frozen=True)
class Border:
    """One checked feature: trimmed code and MultiPolygon coordinates in degrees."""

    place: int  # 1 for the first feature of the file
    code: str
    shape: dict[str, Any]


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one feature; place 0 is the file itself."""

    place: int
    message: str

    def __str__(self) -> str:
        return f"第 {self.place} 个要素：{self.message}" if self.place else self.message


def read(body: bytes, code_name: str = "") -> tuple[list[Border], list[Wrong]]:
    """Features of a GeoJSON file as borders, and every error found."""
    if len(body) > MAX_BYTES:
        return [], [Wrong(0, "文件超过 30 MB，请按县分开或先简化")]
    try:
        data = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return [], [Wrong(0, "不是有效的 GeoJSON（须为 UTF-8 编码的 JSON）")]
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features:
        return [], [Wrong(0, "没有要素：须为含 features 的 FeatureCollection")]
    if len(features) > MAX_FEATURES:
        return [], [Wrong(0, f"要素超过 {MAX_FEATURES} 个，请分开导入")]
    borders: list[Border] = []
    wrong: list[Wrong] = []
    seen: dict[str, int] = {}
    for place, feature in enumerate(features, 1):
        try:
            border = _border(place, feature, code_name)
        except ValueError as problem:
            wrong.append(Wrong(place, str(problem)))
            continue
        if border.code in seen:
            wrong.append(Wrong(place, f"代码 {border.code} 与第 {seen[border.code]} 个要素重复"))
        seen.setdefault(border.code, place)
        borders.append(border)
    return borders, wrong


def _border(place: int, feature: Any, code_name: str) -> Border:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise ValueError("没有属性（properties）")
    code = trimmed(_code(feature["properties"], code_name))
    shape = feature.get("geometry")
    if not isinstance(shape, dict) or shape.get("type") not in ("Polygon", "MultiPolygon"):
        raise ValueError("图形须为 Polygon 或 MultiPolygon")
    parts = [shape.get("coordinates")] if shape["type"] == "Polygon" else shape.get("coordinates")
    return Border(place, code, {"type": "MultiPolygon", "coordinates": _checked(parts)})


def _code(properties: dict[str, Any], code_name: str) -> str:
    if code_name:
        if properties.get(code_name) in (None, ""):
            raise ValueError(f"没有属性“{code_name}”")
        return str(properties[code_name]).strip()
    lower = {str(k).lower(): v for k, v in properties.items()}
    for name in CODE_NAMES:
        if lower.get(name) not in (None, ""):
            return str(lower[name]).strip()
    raise ValueError("没有区划代码属性（如 code、adcode），可在导入时指明属性名")


def trimmed(code: str) -> str:
    """330482000000, 156330482 or 330482 as the trimmed code 330482. Raises ValueError for anything else."""
    code = code.removesuffix(".0")
    if len(code) == 9 and code.startswith("156"):
        code = code[3:]
    if not re.fullmatch(r"\d{4}|\d{6}|\d{9}|\d{12}", code):
        raise ValueError(f"区划代码“{code[:20]}”不是 4、6、9 或 12 位数字")
    if len(code) == 12:
        code = code[:9]
    if len(code) == 9 and code.endswith("000"):
        code = code[:6]
    if len(code) == 6 and code.endswith("00"):
        code = code[:4]
    if len(code) == 4 and code.endswith("00"):
        raise ValueError("省级边界随底图提供，不需导入")
    return code


def _checked(parts: Any) -> list[Any]:
    """Coordinates as [[ring, …], …]. Raises ValueError for what is no closed ring of points inside the country."""
    if not isinstance(parts, list) or not parts:
        raise ValueError("图形没有坐标")
    for part in parts:
        if not isinstance(part, list) or not part:
            raise ValueError("图形没有坐标")
        for ring in part:
            if not isinstance(ring, list) or len(ring) < 4:
                raise ValueError("图形的环少于 4 个点")
            for point in ring:
                _check_point(point)
    return parts


def _check_point(point: Any) -> None:
    is_pair = isinstance(point, list) and len(point) >= 2
    if not is_pair or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in point[:2]):
        raise ValueError("坐标须为 [经度, 纬度] 数字")
    if not (WEST <= point[0] <= EAST and SOUTH <= point[1] <= NORTH):
        raise ValueError(
            f"坐标 {point[0]:g}, {point[1]:g} 不在国内；须为经纬度（CGCS2000 或 WGS-84），不能是投影坐标"
        )


def drawn(borders: list[Border]) -> dict[str, dict[str, Any]]:
    """Code -> simplified MultiPolygon; borders that lie in one file together stay fitting together."""
    areas = [{"type": "Feature", "properties": {"name": b.code}, "geometry": b.shape} for b in borders]
    small = basemap.simplified({"type": "FeatureCollection", "features": areas}, TOLERANCE, 5, least_area=0.0)
    return {f["properties"]["name"]: f["geometry"] for f in small["features"]}


def label_point(shape: dict[str, Any]) -> tuple[float, float]:
    """Middle of the largest part, as longitude and latitude."""
    ring = max((polygon[0] for polygon in shape["coordinates"]), key=lambda r: abs(_twice_area(r)))
    twice = _twice_area(ring)
    if not twice:
        return ring[0][0], ring[0][1]
    x = y = 0.0
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        cross = x1 * y2 - x2 * y1
        x += (x1 + x2) * cross
        y += (y1 + y2) * cross
    return round(x / (3 * twice), 5), round(y / (3 * twice), 5)


def _twice_area(ring: Any) -> float:
    return float(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring)))
