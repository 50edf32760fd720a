from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dust', '0002_complaint'),
    ]

    operations = [
        migrations.AddField(
            model_name='complaint',
            name='tracking',
            field=models.CharField(blank=True, db_index=True, default='', editable=False, max_length=64),
        ),
    ]
