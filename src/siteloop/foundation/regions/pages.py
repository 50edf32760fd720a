"""Registers of divisions and zones."""

from siteloop.foundation.regions.actions import import_boundaries
from siteloop.foundation.regions.models import Boundary, Region, Zone
from siteloop.framework.page import Column, Page

regions = Page(
    model=Region,
    code="regions",
    title="行政区划",
    title_en="Divisions",
    icon="map-2",
    columns=(Column("code", link=True), "name", "level", "parent", "valid_from", "valid_to"),
    filters=("level",),
    search=("code", "name"),
    form=("code", "name", "name_en", "level", "parent", "valid_from", "valid_to", "lon", "lat"),
    ordering=("code",),
    related=("parent",),
    key="code",
)
zones = Page(
    model=Zone,
    code="zones",
    title="功能区",
    title_en="Zones",
    icon="map-pin-star",
    columns=(Column("code", link=True), "name", "region"),
    search=("code", "name"),
    form=("code", "name", "region"),
    ordering=("code",),
    related=("region",),
    key="code",
)
boundaries = Page(
    model=Boundary,
    code="boundaries",
    title="行政区边界",
    title_en="Boundaries",
    icon="polygon",
    columns=(
        Column("region", link=True),
        Column("region__code", title="区划代码", title_en="Code"),
        Column("points", kind="number"),
        "source",
        "imported_at",
    ),
    filters=("region__level",),
    search=("region__name", "region__code", "source"),
    ordering=("region__code",),
    related=("region",),
    actions=(import_boundaries,),
    can_create=False,
    can_change=False,
    can_delete=True,
    importable=False,
    api_fields=("id", "region", "points", "label_lon", "label_lat", "source", "imported_at"),
    empty="还没有边界。可用“导入边界”上传本辖区县、镇街的 GeoJSON，一张图随即显示。",
    empty_en="No boundaries yet: import a GeoJSON of your counties and towns; the map shows them at once.",
)
