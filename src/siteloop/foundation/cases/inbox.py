"""The inbox between the planes: kernel findings become business findings, and those become cases."""

import datetime as dt

import msgspec
from django.db import connection, transaction

from siteloop.foundation.cases import engine, setting_aside
from siteloop.foundation.cases.models import CaseState, Finding
from siteloop.foundation.cases.setting_aside import Failed
from siteloop.foundation.registry.models import Device, Project, Site
from siteloop.framework import events
from siteloop.kernel.finding import Act
from siteloop.kernel.finding import Finding as KernelFinding
from siteloop.kernel.times import from_us


def take(limit: int = 500) -> int:
    """Take waiting findings in order, in one transaction; returns how many. Safe to run in several workers.

    A finding that cannot be handled is set aside with its reason, and so is what follows of the same episode; all others
    go on. A fault of the database goes up and leaves everything as it was.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, key, act, body FROM fast.finding_inbox WHERE taken_at IS NULL"
                " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
                [limit],
            )
            rows = [(number, key, act, bytes(body)) for number, key, act, body in cursor.fetchall()]
        stuck = setting_aside.waiting_keys({key for _, key, _, _ in rows})
        for _, key, act, body in rows:
            if not _handle(key, act, body, is_behind=key in stuck):
                stuck.add(key)
        if rows:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE fast.finding_inbox SET taken_at = now() WHERE id = ANY(%s)",
                    [[r[0] for r in rows]],
                )
    return len(rows)


def _handle(key: str, act: str, body: bytes, is_behind: bool) -> bool:
    """Apply one message; False when it was set aside."""
    if is_behind:
        setting_aside.finding(key, act, body, None)
        return False
    try:
        setting_aside.attempt(lambda: apply(setting_aside.decode(body)))
    except Failed as failed:
        setting_aside.finding(key, act, body, failed)
        return False
    return True


def offer(found: KernelFinding, now: dt.datetime | None = None) -> bool:
    """Apply a finding that the business plane saw itself; False when it had to be set aside."""
    body = msgspec.msgpack.encode(found)
    if setting_aside.waiting_keys({found.key}):
        setting_aside.finding(found.key, found.act.value, body, None, now)
        return False
    try:
        setting_aside.attempt(lambda: apply(found, now))
    except Failed as failed:
        setting_aside.finding(found.key, found.act.value, body, failed, now)
        return False
    return True


def apply(found: KernelFinding, now: dt.datetime | None = None) -> Finding | None:
    """Write one kernel finding down. Returns None for an update or clear whose raise was never seen."""
    row = (
        Finding.objects.unscoped("the inbox keeps every finding")
        .select_for_update()
        .filter(key=found.key)
        .first()
    )
    if found.act is Act.RAISE:
        return row or _raise(found, now)
    if row is None:
        return None
    row.last_at = from_us(found.at)
    row.count = max(row.count, found.count)
    if found.value is not None:
        row.value = found.value
    row.evidence = list(dict.fromkeys([*row.evidence, *found.evidence]))
    if found.act is Act.CLEAR:
        row.cleared_at = from_us(found.at)
        _tell_case(row, found, now)
    elif found.message:
        row.message = found.message[:500]
    row.save()
    return row


def _raise(found: KernelFinding, now: dt.datetime | None) -> Finding:
    row = Finding(
        key=found.key,
        rule=found.rule,
        rule_version=found.rule_version,
        subject=found.subject,
        # the registry may have dropped the row since the fast plane saw it; the finding is kept all the same
        site=Site.objects.unscoped("the inbox keeps every finding").filter(pk=found.site).first(),
        project=Project.objects.unscoped("the inbox keeps every finding").filter(pk=found.project).first(),
        device=Device.objects.unscoped("the inbox keeps every finding").filter(pk=found.device).first(),
        region_code=found.region,
        severity=found.severity.value,
        since=from_us(found.since),
        last_at=from_us(found.at),
        value=found.value,
        limit=found.limit,
        unit=found.unit,
        message=found.message[:500],
        clause=found.clause[:300],
        evidence=list(found.evidence),
        count=found.count,
        shadow=found.shadow,
    )
    row.save()
    events.emit("finding_raised", finding=row.pk, rule=row.rule, region=row.region_code, site=row.site_id)
    engine.open_from_finding(row, now)
    return row


def _tell_case(row: Finding, found: KernelFinding, now: dt.datetime | None) -> None:
    """The fault is gone by the readings: the case shows it, and an open check is asked again."""
    case = row.case
    if case is None or case.state not in engine.OPEN_STATES:
        return
    engine.note(
        case,
        "cleared",
        engine.ENGINE,
        now or from_us(found.at),
        body=found.message or "数据显示问题已消除",
        data={"finding": row.pk, "evidence": list(found.evidence)},
    )
    if case.state == CaseState.VERIFYING:
        row.save()
        engine.machine_check(case, now)
