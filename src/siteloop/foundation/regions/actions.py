"""What is done to divisions: importing the borders of one's own counties and towns."""

from typing import Any

from django.utils import timezone

from siteloop.foundation.regions import boundaries
from siteloop.foundation.regions.models import Boundary, Level, Region
from siteloop.framework.action import Act, Action, Input, Refused

WHY = "codes in the file are looked up in the public tree; what may be written is checked by the viewer's subtree"
MOST_TOLD = 50


def _import(act: Act) -> str:
    """All or nothing: every feature with an error is told, and nothing is written until there is none."""
    upload = act.data["file"]
    if upload.size > boundaries.MAX_BYTES:
        raise Refused("文件超过 30 MB，请按县分开或先简化", status=413)
    found, wrong = boundaries.read(upload.read(), act.data.get("code_name") or "")
    regions = {r.code: r for r in Region.objects.unscoped(WHY).filter(code__in=[b.code for b in found])}
    shapes = boundaries.drawn(found)
    for border in found:
        problem = _problem(act, regions.get(border.code), border.code)
        if not shapes[border.code]["coordinates"]:
            problem = "图形没有面积"
        if problem:
            wrong.append(boundaries.Wrong(border.place, problem))
    if wrong:
        wrong.sort(key=lambda w: w.place)
        told = [str(w) for w in wrong[:MOST_TOLD]]
        if len(wrong) > MOST_TOLD:
            told.append(f"…… 共 {len(wrong)} 处错误")
        raise Refused("文件有误，未导入", status=422, errors={"file": told})
    for border in found:
        _keep(regions[border.code], shapes[border.code], upload.name or "")
    return f"已导入 {len(found)} 个边界，一张图已更新"


def _problem(act: Act, region: Region | None, code: str) -> str:
    if region is None:
        return f"区划代码 {code} 不在行政区划中"
    if region.level == Level.PROVINCE:
        return "省级边界随底图提供，不需导入"
    return "" if act.viewer.covers(region.code) else f"{region.name}不在您的管辖范围内"


def _keep(region: Region, shape: dict[str, Any], source: str) -> None:
    lon, lat = boundaries.label_point(shape)
    row = Boundary.objects.unscoped(WHY).filter(region=region).first() or Boundary(region=region)
    row.geometry = shape
    row.points = sum(len(ring) for polygon in shape["coordinates"] for ring in polygon)
    row.label_lon, row.label_lat = lon, lat
    row.source, row.imported_at = source[:200], timezone.now()
    row.full_clean()
    row.save()


import_boundaries = Action(
    "import_boundaries",
    "导入边界",
    "Import boundaries",
    Boundary,
    _import,
    fields=(
        Input(
            "file",
            "GeoJSON 文件",
            "GeoJSON file",
            kind="upload",
            required=True,
            help="本辖区市、县、镇街边界；经纬度须为 CGCS2000 或 WGS-84，高德等 GCJ-02 数据须先转换；30 MB 以内",
        ),
        Input(
            "code_name",
            "代码属性名",
            "Code property",
            help="留空则依次尝试 code、adcode、gb、pac、区划代码等",
        ),
    ),
    on_register=True,
    log="{actor}导入行政区边界",
    event="boundaries_imported",
)
