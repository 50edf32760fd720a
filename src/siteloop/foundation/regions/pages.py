"""Registers of divisions and zones."""

from siteloop.foundation.regions.models import Region, Zone
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
