"""事后核查 (BIZ-05, FIRE-01): a share of what was granted is drawn by lot and looked at on the site by somebody else.

The lot is nobody's choice: it is the SHA-256 of the certificate's code, which the program makes and anybody who holds the
paper can compute again (docs/algorithms/after-check.md). What the check finds is put right and re-checked through a case.
"""

from hashlib import sha256

from django.utils import timezone

from siteloop.foundation.authority import absence
from siteloop.foundation.cases import matters
from siteloop.foundation.cases.loop import Owner
from siteloop.foundation.cases.models import Case
from siteloop.foundation.cases.receivers import Receiver
from siteloop.foundation.documents import store
from siteloop.foundation.documents.authorities import nearest
from siteloop.foundation.documents.models import Document
from siteloop.framework.action import Act, Action, Input
from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer
from siteloop.kernel.finding import Severity
from siteloop.systems.acceptance import cases, documents, settings
from siteloop.systems.acceptance.models import AfterCheck, Application, CheckState, Officer

WHY = "the lot falls on everybody's business"
ENGINE = system_viewer("事后核查")
#: posts of the project that get the result besides the applicant
RECEIVERS = ("builder_leader", "project_manager")
STATES = {
    "check": CheckState.DRAWN,
    "check_late": CheckState.DRAWN,
    "mend": CheckState.MENDING,
    "mend_late": CheckState.MENDING,
    "recheck": CheckState.RECHECKING,
    "recheck_late": CheckState.RECHECKING,
    cases.VOID: CheckState.VOID,
}


def lot(code: str) -> int:
    """The number a certificate's code draws: 0 to 99."""
    return int(sha256(code.encode()).hexdigest()[:8], 16) % 100


def draw(act: Act, certificate: Document, share: int | None = None) -> AfterCheck | None:
    """Part of granting: draw for the application and keep the sentence that says how; the check where the lot hits."""
    row: Application = act.obj
    percent = settings.check_share(row.kind, row.region_code) if share is None else share
    if not percent:
        return None
    number = lot(certificate.code)
    hit = number < percent
    row.lot = (
        f"核验码 {certificate.code} 的 SHA-256 前 8 位（十六进制）除以 100 余 {number}，抽取比例 {percent}%："
        f"{'抽中' if hit else '未抽中'}"
    )
    row.save()
    return _open(act, certificate.code) if hit else None


def _checker(row: Application, code: str) -> Officer | None:
    """Of those who check over the place, the one the same code falls on; never who handled the application."""
    found = Officer.objects.unscoped(WHY).filter(is_active=True, does_checks=True, account__is_active=True)
    over = [
        one
        for one in found.select_related("account", "organisation").order_by("pk")
        if row.region_code.startswith(one.region_code)
        and one.account_id not in (row.officer_id, row.submitted_by_id)
    ]
    today = timezone.localdate()
    gone = absence.away((one.account_id for one in over), today, today)
    there = [one for one in over if one.account_id not in gone]
    return min(there, key=lambda one: sha256(f"{code}:{one.pk}".encode()).hexdigest(), default=None)


def _open(act: Act, code: str) -> AfterCheck:
    row: Application = act.obj
    now, chosen = timezone.now(), _checker(row, code)
    made = AfterCheck(application=row, checker=chosen.account if chosen is not None else None, drawn_at=now)
    made.save()
    said = f"{row}已准予，抽中事后核查。{row.lot}"
    matters.open_case(
        cases.AFTER_CHECK, f"after_check:{made.pk}", now, Severity.BLUE, said, project=row.project
    )
    return AfterCheck.objects.unscoped(WHY).get(pk=made.pk)


def _of(case: Case) -> AfterCheck | None:
    return (
        AfterCheck.objects.unscoped(WHY)
        .select_related("application__project", "application__applicant", "checker")
        .filter(pk=matters.key(case))
        .first()
    )


def checker(owner: Owner, case: Case) -> Receiver:
    """Receiver: who was drawn to check; where nobody could be, the authority of the place."""
    row = _of(case)
    if row is None or row.checker is None:
        return Receiver(owner.title, nearest(case.region_code))
    known = Officer.objects.unscoped(WHY).filter(account=row.checker).select_related("organisation").first()
    return Receiver(owner.title, known.organisation if known is not None else None, row.checker)


def applicant(owner: Owner, case: Case) -> Receiver:
    """Receiver: the unit whose business is checked."""
    row = _of(case)
    return Receiver(owner.title, row.application.applicant if row is not None else None)


def follow(case: Case, step: str, reason: str = "") -> None:
    """The check as its case now stands; closed, its result is printed and delivered."""
    row = _of(case)
    if row is not None:
        perform(_follow, ENGINE, row, {"case": case.pk, "step": step}, reason)


def _do_follow(act: Act) -> str:
    row: AfterCheck = act.obj
    case = Case.objects.unscoped(WHY).get(pk=act.data["case"])
    step = act.data["step"] or ""
    before, row.case = row.state, case
    if step:
        row.state = STATES[step]
        row.was_failed = row.was_failed or row.state == CheckState.MENDING
    else:
        row.state = CheckState.MENDED if before == CheckState.RECHECKING else CheckState.PASSED
        _conclude(row, case)
    row.save()
    return str(row.get_state_display())


def _conclude(row: AfterCheck, case: Case) -> None:
    row.closed_at = timezone.now()
    said = case.events.filter(kind="pass").order_by("-pk").first()
    row.words = said.body[:500] if said is not None else ""
    document = store.issue(
        ENGINE,
        "acceptance.after_check",
        documents.after_check(row),
        authority=nearest(row.application.region_code),
        region_code=row.application.region_code,
        project=row.application.project,
        subject=row,
    )
    store.deliver(document, ENGINE, RECEIVERS)


_follow = Action(
    "follow",
    "随派单更新",
    "Follow the case",
    AfterCheck,
    _do_follow,
    fields=(Input("case", "派单", "Case", required=True), Input("step", "环节", "Step")),
    log="{actor}更新{obj}",
)
