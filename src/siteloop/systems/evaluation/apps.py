"""Django app of evaluation."""

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    """Scores, appeals, indicators."""

    name = "siteloop.systems.evaluation"
    label = "evaluation"
    verbose_name = "评价管理"
    default_auto_field = "django.db.models.BigAutoField"
