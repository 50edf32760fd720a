"""What the one case engine asks of double random: who checks, and what a closed case ends."""

from siteloop.foundation.cases.loop import Owner
from siteloop.foundation.cases.models import Case
from siteloop.foundation.cases.receivers import Receiver
from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer
from siteloop.systems.double_random.models import CheckTask, TaskState

WHY = "a case finds the group that ordered it"


def task_of(case: Case) -> CheckTask | None:
    """The task whose order a case is."""
    kind, _, key = case.subject.partition(":")
    if kind != "check_task" or not key.isdigit():
        return None
    return (
        CheckTask.objects.unscoped(WHY)
        .select_related("leader__account", "leader__organisation")
        .filter(pk=int(key))
        .first()
    )


def leader(owner: Owner, case: Case) -> Receiver:
    """The leader of the group; nobody when the leader has no account, and the loop's fallback steps in."""
    task = task_of(case)
    if task is None or task.leader.account is None:
        return Receiver(owner.title)
    return Receiver(owner.title, task.leader.organisation, task.leader.account)


def closed(case: int, **more: object) -> None:
    """The order was carried out: its task is done."""
    from siteloop.systems.double_random.tasks import close

    row = Case.objects.unscoped(WHY).filter(pk=case).first()
    task = task_of(row) if row is not None else None
    if task is not None and task.state == TaskState.CORRECTING:
        perform(close, system_viewer("派单闭环"), task)
