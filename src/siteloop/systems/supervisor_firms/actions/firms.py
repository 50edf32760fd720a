"""The dynamic check: by hand for one firm, by the program for all; what is missing becomes a case and a notice."""

from django.utils import timezone

from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents.authorities import nearest
from siteloop.framework.action import Act, Action
from siteloop.framework.perform import perform
from siteloop.framework.viewer import system_viewer
from siteloop.systems.supervisor_firms import checking, engine, papers
from siteloop.systems.supervisor_firms.models import FirmCheck, FirmCheckLine, FirmFile, Verdict


def _check(act: Act) -> str:
    file: FirmFile = act.obj
    now, lines = timezone.now(), checking.lines_of(act.obj)
    bad = [line for line in lines if not line.is_met]
    check = FirmCheck(
        file=file, at=now, by=act.viewer.name, verdict=Verdict.SHORT if bad else Verdict.MET, failed=len(bad)
    )
    check.save()
    FirmCheckLine.objects.bulk_create(
        FirmCheckLine(
            check_of=check,
            standard=line.standard,
            title=line.standard.title,
            demanded=line.demanded,
            found=line.found,
            is_met=line.is_met,
            missing=line.missing,
            clause=line.standard.basis,
        )
        for line in lines
    )
    file.verdict, file.checked_at = check.verdict, now
    if not bad:
        file.save()
        return f"核查 {len(lines)} 项，全部符合"
    new = not engine.running(file.case)
    words = "；".join(f"{line.standard.title}（应 {line.demanded}，实 {line.found}）" for line in bad)
    if new:
        file.case = engine.raise_firm(file.organisation, file.region_code, now, f"{file}：{words}"[:500])
    file.save()
    if new:
        papers.issue(
            "shortage",
            check,
            act.viewer,
            authority=nearest(file.region_code),
            region_code=file.region_code,
            now=now,
        )
    number = file.case.number if file.case is not None else ""
    return f"核查 {len(lines)} 项，{len(bad)} 项不符合：{words}。" + (
        f"已派单 {number}" if new else f"整改派单 {number} 办理中"
    )


check = Action(
    "check",
    "动态核查",
    "Check now",
    FirmFile,
    _check,
    log="{actor}动态核查{obj}",
    event="supervisor_firm_checked",
)


def check_again(case: Case) -> None:
    """The case of a firm has closed: its file says from now on what the table finds now, not what it once found."""
    file = checking.file_of(case)
    if file is not None:
        perform(check, system_viewer("资质动态核查"), file)
