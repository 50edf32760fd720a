"""The dynamic check of a firm (SUPV-04): each line of the table against the people, certificates and posts of the registers."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from siteloop.foundation.cases import matters
from siteloop.foundation.cases.loop import Owner
from siteloop.foundation.cases.loop import Verdict as Word
from siteloop.foundation.cases.models import Case
from siteloop.foundation.cases.receivers import Receiver
from siteloop.foundation.people.models import Certificate, Person
from siteloop.foundation.registry.models import PostKind, ProjectPost, WorkState
from siteloop.systems.supervisor_firms.models import FirmFile, Standard, StandardKind
from siteloop.systems.supervisor_firms.models.duty import name_of

WHY = "a firm is checked against the registers, whoever asks"
#: names shown of what is missing
SHOWN = 12


@dataclass(frozen=True)
class Line:
    """One demand and what was found."""

    standard: Standard
    demanded: str
    found: str
    is_met: bool
    missing: str = ""


def lines_of(file: FirmFile, today: dt.date | None = None) -> list[Line]:
    """Every line of the table that applies to the firm's level and field."""
    day = today or timezone.localdate()
    rows = Standard.objects.unscoped(WHY).filter(
        Q(level="") | Q(level=file.level), Q(speciality="") | Q(speciality=file.speciality), is_active=True
    )
    return [_KINDS[StandardKind(row.kind)](file, row, day) for row in rows.order_by("code")]


def _certificate(file: FirmFile, row: Standard, day: dt.date) -> Line:
    met = file.valid_until >= day
    missing = "" if met else f"证书 {file.certificate_number} 已于 {file.valid_until:%Y-%m-%d} 到期"
    return Line(row, "在有效期内", f"有效期至 {file.valid_until:%Y-%m-%d}", met, missing)


def _held(file: FirmFile, kind: str, day: dt.date) -> tuple[dict[int, Person], list[Certificate]]:
    """People of the firm with such a certificate in force, and certificates that ran out without another."""
    rows = Certificate.objects.unscoped(WHY).filter(
        person__organisation=file.organisation, person__erased_at=None, kind=kind
    )
    valid, out = {}, []
    for one in rows.select_related("person").order_by("person_id", "pk"):
        if one.valid_until is None or one.valid_until >= day:
            valid[one.person_id] = one.person
        else:
            out.append(one)
    return valid, [c for c in out if c.person_id not in valid]


def _staff(file: FirmFile, row: Standard, day: dt.date) -> Line:
    valid, out = _held(file, row.certificate_kind, day)
    short = row.amount - len(valid)
    told = [f"缺 {short} 人"] if short > 0 else []
    told += (
        [f"{c.person}（{c.number}，{c.valid_until:%Y-%m-%d} 到期）" for c in out[:SHOWN]] if short > 0 else []
    )
    return Line(row, f"≥ {row.amount} 人", f"{len(valid)} 人", short <= 0, "；".join(told))


def _posts(file: FirmFile, row: Standard) -> list[ProjectPost]:
    posts = ProjectPost.objects.unscoped(WHY).filter(
        organisation=file.organisation, project__state=WorkState.UNDER_CONSTRUCTION
    )
    kinds = (row.post_kind,) if row.post_kind else (PostKind.CHIEF_SUPERVISOR, PostKind.SUPERVISOR_ENGINEER)
    return list(
        posts.filter(kind__in=kinds).select_related("project", "person", "account__person").order_by("pk")
    )


def _person(post: ProjectPost) -> Person | None:
    return post.person or (getattr(post.account, "person", None) if post.account is not None else None)


def _post(file: FirmFile, row: Standard, day: dt.date) -> Line:
    valid, _ = _held(file, row.certificate_kind, day)
    posts = _posts(file, row)
    bad = [p for p in posts if (who := _person(p)) is None or who.pk not in valid]
    told = [f"{name_of(p)}（{p.project}，{p.get_kind_display()}）" for p in bad[:SHOWN]]
    if len(bad) > SHOWN:
        told.append(f"等 {len(bad)} 人")
    return Line(row, f"{len(posts)} 人持证", f"{len(posts) - len(bad)} 人持证", not bad, "；".join(told))


def _projects(file: FirmFile, row: Standard, day: dt.date) -> Line:
    held: dict[tuple[str, int], list[ProjectPost]] = defaultdict(list)
    for post in _posts(file, row):
        who = _person(post)
        if who is not None:
            held["person", who.pk].append(post)
        elif post.account_id is not None:
            held["account", post.account_id].append(post)
    most = max((len({p.project_id for p in posts}) for posts in held.values()), default=0)
    over = [posts for posts in held.values() if len({p.project_id for p in posts}) > row.amount]
    told = [f"{name_of(posts[0])}（{len({p.project_id for p in posts})} 个项目）" for posts in over[:SHOWN]]
    return Line(row, f"≤ {row.amount} 个", f"最多 {most} 个", not over, "；".join(told))


_KINDS: dict[StandardKind, Callable[[FirmFile, Standard, dt.date], Line]] = {
    StandardKind.CERTIFICATE: _certificate,
    StandardKind.STAFF: _staff,
    StandardKind.POST: _post,
    StandardKind.PROJECTS: _projects,
}


def file_of(case: Case) -> FirmFile | None:
    """The firm a case is about."""
    found = FirmFile.objects.unscoped(WHY).filter(organisation_id=matters.key(case))
    return found.select_related("organisation").first()


def machine(case: Case) -> Word:
    """The machine's word on a firm that says it is put right: the table asked again, now."""
    file = file_of(case)
    if file is None:
        return Word(None, "企业资质档案已删除，请人工核实")
    bad = [line for line in lines_of(file) if not line.is_met]
    if not bad:
        return Word(True, "按现有登记重新核查，全部符合")
    words = "；".join(f"{line.standard.title}：应 {line.demanded}，实 {line.found}" for line in bad)
    return Word(False, f"仍有 {len(bad)} 项不符合：{words}"[:500])


def receiver(owner: Owner, case: Case) -> Receiver:
    """Receiver: the firm a case of qualification is about."""
    file = file_of(case)
    return Receiver(owner.title, file.organisation if file is not None else None)
