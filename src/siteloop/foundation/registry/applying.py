"""What a unit applies for in its project: the papers and acts of the application are the applicant's own, others decide.

A model derives from `ProjectApplication` and says in which states the application lies with the applicant. An authority that sees
it never fills it in, completes it or hands it in for the unit: nobody stands on both sides of a decision.
"""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.foundation.authority.viewers import works_for
from siteloop.foundation.registry.models import PartyKind, Project
from siteloop.framework.action import Input, Refused
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer

WHY = "an application is compared with what is stored, for whoever changes it"
#: units of a project that apply
APPLICANTS = (PartyKind.BUILDER, PartyKind.CONTRACTOR)
#: what an authority asks when it sends an application back: all at once (一次性告知)
CORRECTION = Input(
    "correction",
    "需补正的内容",
    "What to correct",
    kind="multiline",
    required=True,
    help="每行一项，须一次告知全部内容",
)
#: what is asked of whoever takes an application back
WITHDRAWAL = Input("reason", "撤回原因", "Reason", kind="multiline", required=True)


class ProjectApplication(ScopedModel):
    """An application of a project's builder or contractor."""

    #: states in which it lies with the applicant, to be completed and handed in
    with_applicant: ClassVar[tuple[str, ...]]
    state: Any  # each kind of application has its own

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    applicant = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="申请单位"
    )
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        "authority.Account",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="提交人",
        editable=False,
    )
    correction = models.TextField("补正内容", blank=True, editable=False)
    corrections = models.PositiveSmallIntegerField("补正次数", default=0, editable=False)
    accepted_at = models.DateTimeField("受理时间", null=True, blank=True, editable=False)

    scope = Scope(
        region="project__region_code",
        project="project_id",
        organisation=("applicant_id", "project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = True
        ordering = ("-pk",)

    @property
    def region_code(self) -> str:
        """Where the project lies."""
        return self.project.region_code

    def applies(self, viewer: Viewer) -> bool:
        """Whether the viewer acts in the applicant's name."""
        return works_for(viewer, self.applicant_id)

    def lies_with(self, viewer: Viewer) -> bool:
        """Whether it lies with the applicant and the viewer acts in its name: papers, promises, handing in."""
        return self.state in self.with_applicant and self.applies(viewer)

    def typed_by(self, viewer: Viewer) -> None:
        """Raises Refused 403 for everybody but the applicant."""
        if not self.applies(viewer):
            raise Refused("只有申请单位可以填写申请", status=403)

    def handed_in(self) -> ValidationError:
        """What is said to a change of what does not lie with the applicant: who may give it back."""
        raise NotImplementedError

    def clean(self) -> None:
        """Only the project's builder or contractor applies; what was handed in stays as it was handed in."""
        if self.pk is not None:
            kept = type(self).objects.unscoped(WHY).filter(pk=self.pk).first()
            if kept is None or kept.state not in self.with_applicant:
                raise self.handed_in()
        if self.project_id is None or self.applicant_id is None:
            return
        if not self.project.parties.filter(kind__in=APPLICANTS, organisation=self.applicant_id).exists():
            raise ValidationError({"applicant": "申请单位须为该项目的建设单位或施工单位"})
