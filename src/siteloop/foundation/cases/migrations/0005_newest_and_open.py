"""Lists begin with the newest case, boards count the findings that are still open: neither reads the years behind them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_extension_and_merge")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["-opened_at", "-id"], name="cases_newest_first"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                condition=models.Q(("cleared_at", None)),
                fields=["region_code", "rule"],
                name="findings_still_open",
            ),
        ),
    ]
