"""Django app of double random."""

from django.apps import AppConfig


class DoubleRandomConfig(AppConfig):
    """Double random."""

    name = "siteloop.systems.double_random"
    label = "double_random"
    verbose_name = "双随机抽查"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The group's leader checks what the group ordered; a closed case ends its task; demerits count for credit."""
        from siteloop.foundation.cases import receivers
        from siteloop.foundation.registry import conduct as conduct_of_all
        from siteloop.framework import events
        from siteloop.systems.double_random import conduct, following

        receivers.FINDERS["group"] = following.leader
        events.listen("case_closed")(following.closed)
        if conduct.facts not in conduct_of_all.SOURCES:
            conduct_of_all.SOURCES.append(conduct.facts)
