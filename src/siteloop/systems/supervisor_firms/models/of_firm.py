"""What belongs to the supervisor firm of one project: filled from the project's parties, written in that firm's name only."""

from django.core.exceptions import ValidationError
from django.db import models

from siteloop.foundation.authority.models import Organisation
from siteloop.foundation.authority.viewers import works_for
from siteloop.foundation.registry.models import Party, PartyKind, Project
from siteloop.framework.action import Refused
from siteloop.framework.scope import Scope, ScopedModel
from siteloop.framework.viewer import Viewer

WHY = "a record of a project finds the project's supervisor firm for whoever writes it"


def firm_of(project: Project) -> Organisation | None:
    """The supervisor firm registered for a project."""
    party = (
        Party.objects.unscoped(WHY)
        .filter(project=project, kind=PartyKind.SUPERVISOR_FIRM)
        .select_related("organisation")
        .order_by("pk")
        .first()
    )
    return party.organisation if party is not None else None


class OfFirm(ScopedModel):
    """A record of one project that its supervisor firm answers for."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name="项目")
    firm = models.ForeignKey(
        "authority.Organisation", models.PROTECT, related_name="+", verbose_name="监理单位", editable=False
    )

    scope = Scope(
        region="project__region_code",
        project="project_id",
        organisation=("firm_id", "project__parties__organisation_id"),
    )

    class Meta(ScopedModel.Meta):
        abstract = True
        ordering = ("-pk",)

    @property
    def region_code(self) -> str:
        """Where the project lies."""
        return self.project.region_code

    def clean_fields(self, exclude: object = None) -> None:
        """The firm is known from the project; it is never typed."""
        if self.firm_id is None and self.project_id is not None:
            self.firm = firm_of(self.project)
            if self.firm is None:
                raise ValidationError({"project": "该项目未登记监理单位，请先在项目库补录责任主体"})
        super().clean_fields(exclude=exclude)  # type: ignore[arg-type]

    def speaks(self, viewer: Viewer) -> bool:
        """Whether the viewer acts in the firm's name; an authority over the place never does."""
        return works_for(viewer, self.firm_id)

    def typed_by(self, viewer: Viewer) -> None:
        """Raises Refused 403 for everybody but the firm."""
        if not self.speaks(viewer):
            raise Refused("只有本项目的监理单位可以填写", status=403)
