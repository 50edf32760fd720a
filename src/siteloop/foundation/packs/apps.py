"""Django app: 规则库."""

from django.apps import AppConfig


class PacksConfig(AppConfig):
    """规则库."""

    name = "siteloop.foundation.packs"
    label = "packs"
    verbose_name = "规则库"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Offer the rules to whoever publishes the registry, the term of personal data, and a worker for back-tests."""
        from siteloop.foundation.packs import back_tests, publishing, resolve
        from siteloop.foundation.people import retention
        from siteloop.framework import events

        publishing.connect()
        events.listen(back_tests.ASKED)(_wake)
        if resolve.personal_data_term not in retention.TERMS:
            retention.TERMS.append(resolve.personal_data_term)


def _wake() -> None:
    # the jobs are known to the queue only after all apps are ready
    from siteloop.foundation.packs import jobs

    jobs.wake()
