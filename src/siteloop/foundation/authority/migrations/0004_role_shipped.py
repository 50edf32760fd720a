"""A role remembers what the program gave it, so that a later program adds and takes only what it changed itself."""

from django.db import migrations, models


def as_given(apps, schema_editor):
    """Roles made before are taken to hold what they were given."""
    role = apps.get_model("authority", "Role")
    role._base_manager.update(shipped=models.F("permissions"))


class Migration(migrations.Migration):
    dependencies = [("authority", "0003_government_department")]
    operations = [
        migrations.AddField("role", "shipped", models.JSONField("程序自带权限", default=list, editable=False)),
        migrations.RunPython(as_given, migrations.RunPython.noop),
    ]
