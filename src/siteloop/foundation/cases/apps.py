"""Django app of the case register."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Finds each system's loops when the program starts."""

    name = "siteloop.foundation.cases"
    label = "cases"
    verbose_name = "派单处置"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Loops and facts are declared in `cases.py` and `facts.py` of the systems; found by name, checked here.

        Locks stop business and show why. A rule's code is read as its title wherever it is shown.
        """
        from siteloop.foundation.authority import belongings
        from siteloop.foundation.cases import catalogue, facts, handing_on, locks, notes
        from siteloop.foundation.cases.titles import CODES
        from siteloop.framework import perform
        from siteloop.framework.lookups import CODED

        CODED["rule"] = CODES
        catalogue.find()
        facts.find()
        belongings.add(handing_on.BELONGING)
        if locks.guard not in perform.GUARDS:
            perform.GUARDS.append(locks.guard)
        if locks.noted not in notes.NOTES:
            notes.NOTES.append(locks.noted)
