"""How often somebody has knocked: the portal's only own table. It knows no address, only its keyed hash, for two days."""

import datetime as dt

from django.db import connection, models
from django.utils import timezone

from siteloop.foundation.people.vault import fingerprint

KEPT = dt.timedelta(days=2)


class Knock(models.Model):
    """Submissions of one kind from one address in one hour; "" stands for all addresses together."""

    kind = models.CharField(max_length=20)
    who = models.CharField(max_length=64)
    hour = models.DateTimeField(db_index=True)
    times = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "who", "hour"), name="one_count_an_hour"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.hour:%m-%d %H} {self.times}"

    @classmethod
    def count(cls, kind: str, address: str) -> int:
        """Count one submission, and say how many there were in this hour; safe across processes."""
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        who = fingerprint(f"knock:{address}") if address else ""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM portal_knock WHERE hour < %s", [hour - KEPT])
            cursor.execute(
                "INSERT INTO portal_knock (kind, who, hour, times) VALUES (%s, %s, %s, 1)"
                " ON CONFLICT (kind, who, hour) DO UPDATE SET times = portal_knock.times + 1 RETURNING times",
                [kind, who, hour],
            )
            return int(cursor.fetchone()[0])
