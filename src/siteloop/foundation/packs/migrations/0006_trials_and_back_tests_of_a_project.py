import django.db.models.deletion
from django.db import migrations, models

PROJECT = {
    "blank": True,
    "null": True,
    "on_delete": django.db.models.deletion.CASCADE,
    "related_name": "+",
    "to": "registry.project",
    "verbose_name": "项目",
}


class Migration(migrations.Migration):
    dependencies = [
        ("packs", "0005_project_packs"),
        ("registry", "0006_camera_profiles"),
    ]

    operations = [
        migrations.AddField(model_name="ruletrial", name="project", field=models.ForeignKey(**PROJECT)),
        migrations.AddField(model_name="backtestrun", name="project", field=models.ForeignKey(**PROJECT)),
        migrations.RemoveConstraint(model_name="ruletrial", name="one_trial_a_rule_and_region"),
        migrations.RemoveConstraint(model_name="backtestrun", name="one_back_test_a_region"),
        migrations.AddConstraint(
            model_name="ruletrial",
            constraint=models.UniqueConstraint(
                fields=("code", "region_code"),
                condition=models.Q(("outcome", "running"), ("project", None)),
                name="one_trial_a_rule_and_region",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruletrial",
            constraint=models.UniqueConstraint(
                fields=("code", "project"),
                condition=models.Q(("outcome", "running"), ("project__isnull", False)),
                name="one_trial_a_rule_and_project",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtestrun",
            constraint=models.UniqueConstraint(
                fields=("region_code",),
                condition=models.Q(("project", None), ("state__in", ("queued", "running"))),
                name="one_back_test_a_region",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtestrun",
            constraint=models.UniqueConstraint(
                fields=("project",),
                condition=models.Q(("project__isnull", False), ("state__in", ("queued", "running"))),
                name="one_back_test_a_project",
            ),
        ),
    ]
