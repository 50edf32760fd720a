"""Django app of dust and spray."""

from django.apps import AppConfig


class DustConfig(AppConfig):
    """Dust, noise and spray."""

    name = "siteloop.systems.dust"
    label = "dust"
    verbose_name = "扬尘噪声与喷淋"
    default_auto_field = "django.db.models.BigAutoField"
