"""Timed work of the people: terms are looked at every day, and what nobody wanted to keep is erased."""

import datetime as dt

from django.utils import timezone
from procrastinate.contrib.django import app

from siteloop.foundation.people import actions, retention
from siteloop.foundation.people.models import Person, Retention
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer


@app.periodic(cron="40 * * * *")
@app.task(queue="default", queueing_lock="people.retention", name="people.retention")
def keep_terms(timestamp: int) -> None:
    """After three o'clock local time; asked every hour, because the scheduler's clock may run in UTC."""
    if timezone.localtime().hour == 3:
        erase_overdue()


def erase_overdue(today: dt.date | None = None) -> int:
    """Erase what has been due for the days of grace; each person in an act of its own. Returns how many."""
    day = today or timezone.localdate()
    retention.mark(day)
    overdue = Person.objects.unscoped(retention.WHY).filter(
        retention=Retention.DUE, due_on__lte=day - dt.timedelta(days=retention.GRACE_DAYS)
    )
    done = 0
    for person in overdue:
        try:
            perform(
                actions.erase,
                system_viewer("保存期限"),
                person,
                {"reason": f"保存期限于 {person.due_on} 届满"},
            )
        except Refused:  # needed again since it was marked; the next day's marking says why
            continue
        done += 1
    return done
