"""Django app: 人员."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """人员."""

    name = "siteloop.foundation.people"
    label = "people"
    verbose_name = "人员"
    default_auto_field = "django.db.models.BigAutoField"
