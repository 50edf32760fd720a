"""Administrative divisions: the national code tree (NBS statistical codes, trimmed) and the zones inside it."""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class Level(models.IntegerChoices):
    """Depth in the tree; the trimmed code has 2, 4, 6 or 9 digits."""

    PROVINCE = 1, "省级"
    CITY = 2, "地级"
    COUNTY = 3, "县级"
    TOWN = 4, "乡镇街道"


class Region(ScopedModel):
    """One division. A subtree is everything whose code starts with this code."""

    code = models.CharField("区划代码", max_length=12, unique=True)
    name = models.CharField("名称", max_length=60)
    name_en = models.CharField("英文名称", max_length=80, blank=True)
    level = models.PositiveSmallIntegerField("级别", choices=Level.choices, db_index=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )
    valid_from = models.DateField("启用日期", null=True, blank=True)
    valid_to = models.DateField("停用日期", null=True, blank=True)
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "行政区划"
        verbose_name_plural = "行政区划"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class Zone(ScopedModel):
    """A special area inside a division that has rules of its own, such as a national high-tech zone."""

    code = models.CharField("代码", max_length=40, unique=True)
    name = models.CharField("名称", max_length=80)
    region = models.ForeignKey(Region, models.PROTECT, related_name="zones", verbose_name="所在区划")

    scope = Scope(public=True)

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "功能区"
        verbose_name_plural = "功能区"
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class Boundary(ScopedModel):
    """The border of a county or town as the map draws it: simplified, WGS-84/CGCS2000, from the authority's own file."""

    region = models.OneToOneField(Region, models.CASCADE, related_name="boundary", verbose_name="行政区划")
    geometry = models.JSONField("图形")  # GeoJSON MultiPolygon, degrees
    points = models.PositiveIntegerField("点数")
    label_lon = models.FloatField("注记经度")
    label_lat = models.FloatField("注记纬度")
    source = models.CharField("来源文件", max_length=200)
    imported_at = models.DateTimeField("导入时间")

    scope = Scope(region="region__code")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "行政区边界"
        verbose_name_plural = "行政区边界"
        ordering = ("region__code",)

    def __str__(self) -> str:
        return f"{self.region.name}边界"
