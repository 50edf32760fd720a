"""What the framework keeps for every register: the trail, saved views, list shapes, answers given under an idempotency key."""

from django.db import models

from siteloop.framework.scope import Scope, ScopedModel


class TrailEntry(ScopedModel):
    """One act, chained to the one before by SM3. The database refuses any later change (migration 0002)."""

    at = models.DateTimeField("时间", db_index=True)
    actor = models.BigIntegerField("账号", null=True, db_index=True)
    actor_name = models.CharField("操作人", max_length=80)
    on_behalf = models.CharField("代表", max_length=80, blank=True)
    address = models.CharField("来源地址", max_length=64, blank=True)
    action = models.CharField("操作", max_length=120, db_index=True)
    model = models.CharField("对象类型", max_length=80)
    object_id = models.BigIntegerField("对象编号", null=True)
    object_title = models.CharField("对象", max_length=300, blank=True)
    sentence = models.CharField("说明", max_length=500)
    changes = models.JSONField("变更", default=dict)
    reason = models.CharField("理由", max_length=500, blank=True)
    project_id = models.BigIntegerField("项目", null=True)
    region_code = models.CharField("区划代码", max_length=12, blank=True, db_index=True)
    previous = models.CharField("前链值", max_length=64)
    digest = models.CharField("链值", max_length=64)

    scope = Scope(region="region_code", project="project_id", owner="actor")

    class Meta(ScopedModel.Meta):
        abstract = False
        verbose_name = "操作留痕"
        verbose_name_plural = "操作留痕"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("model", "object_id")),)

    def __str__(self) -> str:
        return self.sentence


class SavedView(models.Model):
    """A person's named set of filters on one register."""

    account = models.BigIntegerField(db_index=True)
    page = models.CharField(max_length=120)
    name = models.CharField("名称", max_length=60)
    query = models.CharField(max_length=1000)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "page", "name"), name="one_view_a_name"),)

    def __str__(self) -> str:
        return self.name


class ListShape(models.Model):
    """Which columns of a register a person wants to see, and how dense."""

    account = models.BigIntegerField(db_index=True)
    page = models.CharField(max_length=120)
    columns = models.JSONField(default=list)
    dense = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "page"), name="one_shape_a_register"),)

    def __str__(self) -> str:
        return self.page


class KeptAnswer(models.Model):
    """The answer to a POST that carried an Idempotency-Key, so that a repeated one does nothing twice."""

    actor = models.BigIntegerField()
    key = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    fingerprint = models.CharField(max_length=64, default="")  # sha256 of what was asked
    status = models.IntegerField()
    body = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("actor", "key"), name="one_answer_a_key"),)

    def __str__(self) -> str:
        return self.key
