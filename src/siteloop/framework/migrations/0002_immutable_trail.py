"""The trail is append-only for everybody, the owner of the database included, until the trigger is dropped openly."""

from django.db import migrations, models

REFUSE = """
CREATE FUNCTION framework_trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the action trail is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER trail_append_only BEFORE UPDATE OR DELETE ON framework_trailentry
  FOR EACH ROW EXECUTE FUNCTION framework_trail_is_append_only();
"""
ALLOW = """
DROP TRIGGER trail_append_only ON framework_trailentry;
DROP FUNCTION framework_trail_is_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [("framework", "0001_initial")]

    operations = [
        migrations.AddField("keptanswer", "fingerprint", models.CharField(default="", max_length=64)),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
