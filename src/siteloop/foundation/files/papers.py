"""Papers of an application: each by the name it has in the list of what must be handed in.

A model derives from `Paper` and says which application it is of; `attaching` makes the verb.
"""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils import timezone

from siteloop.foundation.files.named import picked
from siteloop.framework.action import Act, Action, Input
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer


class Paper(ScopedModel):
    """One file handed in under a name."""

    title = models.CharField("材料名称", max_length=120)
    evidence = models.ForeignKey("files.Evidence", models.PROTECT, related_name="+", verbose_name="文件")
    at = models.DateTimeField("上传时间")

    class Meta(ScopedModel.Meta):
        abstract = True
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.title


def attaching(
    model: type[models.Model],
    paper_of: Callable[[Any], Paper],
    missing: Callable[[Any], list[str]],
    available: Callable[[Any, Viewer], bool],
    hint: str,
) -> Action:
    """The verb `attach` of applications that have a `project`; its answer says what is still missing from the list."""

    def run(act: Act) -> str:
        row = act.obj
        title, now = act.data["title"].strip()[:120], timezone.now()
        papers = []
        for file in picked(act, "files", row.project_id, row.project.region_code):
            paper = paper_of(row)
            paper.title, paper.evidence, paper.at = title, file, now
            papers.append(paper)
        type(papers[0]).objects.bulk_create(papers)
        left = missing(row)
        return f"已上传“{title}” {len(papers)} 份" + (f"；尚缺：{'、'.join(left)}" if left else "；材料已齐")

    return Action(
        "attach",
        "上传材料",
        "Add papers",
        model,
        run,
        fields=(
            Input("title", "材料名称", "Title", required=True, help=hint),
            Input("files", "文件或照片", "Files", kind="files", required=True),
        ),
        available=available,
        log="{actor}为{obj}上传材料：{title}",
    )
