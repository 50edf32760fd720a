"""Django app of the acceptance of business."""

from django.apps import AppConfig


class AcceptanceConfig(AppConfig):
    """Acceptance of business."""

    name = "siteloop.systems.acceptance"
    label = "acceptance"
    verbose_name = "业务受理"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Cases find applicant, officer and checker; an officer's applications can be handed over."""
        from siteloop.foundation.authority import belongings
        from siteloop.foundation.cases import receivers
        from siteloop.foundation.packs import resolve
        from siteloop.systems.acceptance import after, allocation, commitments, settings

        resolve.OF_PROJECTS.update(settings.OF_PROJECTS)

        receivers.FINDERS["acceptance_applicant"] = commitments.applicant
        receivers.FINDERS["acceptance_officer"] = commitments.officer
        receivers.FINDERS["acceptance_checker"] = after.checker
        receivers.FINDERS["acceptance_checked"] = after.applicant
        belongings.add(allocation.BELONGING)
