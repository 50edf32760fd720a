"""The shape a person gives a list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("framework", "0002_immutable_trail")]

    operations = [
        migrations.CreateModel(
            name="ListShape",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("account", models.BigIntegerField(db_index=True)),
                ("page", models.CharField(max_length=120)),
                ("columns", models.JSONField(default=list)),
                ("dense", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "page"), name="one_shape_a_register")
                ]
            },
        ),
    ]
