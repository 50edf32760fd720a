"""Publishing the registry to the fast plane: one frozen snapshot, a new version at every change of a device, site, project or rule."""

import datetime as dt
from collections.abc import Callable

from django.db import connection, models, transaction
from django.db.models.signals import m2m_changed, post_delete, post_save

from siteloop.foundation.registry.models import Device, DeviceModel, Project, Site
from siteloop.kernel import registry as registries
from siteloop.kernel.registry import DeviceEntry, Registry, RuleEntry
from siteloop.kernel.times import to_us

WHY = "the fast plane holds every device"
#: functions giving the rules of all regions; the packs fill it
RULE_PROVIDERS: list[Callable[[], list[RuleEntry]]] = []


def devices() -> tuple[DeviceEntry, ...]:
    """Every device that is not retired, as the fast plane needs it; three queries."""
    links: dict[int, list[int]] = {}
    for source, target in Device.linked.through.objects.order_by("pk").values_list(
        "from_device_id", "to_device_id"
    ):
        links.setdefault(source, []).append(target)
    rows = (
        Device.objects.unscoped(WHY)
        .exclude(state="retired")
        .select_related("site__project", "supplier", "model")
    )
    return tuple(_entry(d, links) for d in rows.order_by("number"))


def entry(device: Device) -> DeviceEntry:
    """One device as the fast plane sees it; its links are left out."""
    return _entry(device, {})


def _entry(device: Device, links: dict[int, list[int]]) -> DeviceEntry:
    site = device.site
    is_active = site.state == "under_construction"
    return DeviceEntry(
        number=device.number,
        code=device.code,
        profile=device.profile,
        site=site.pk,
        region=device.region_code,
        project=site.project_id,
        title=device.title,
        supplier=device.supplier.name if device.supplier else "",
        password=device.password,
        token_hash=device.token_hash,
        token_hash_before=device.previous_token_hash,
        ha1=device.token_ha1,
        ha1_before=device.previous_ha1,
        before_until_us=to_us(device.previous_until) if device.previous_until else 0,
        interval_s=device.interval_s,
        # a completed site's devices are switched off, its file is kept
        enabled=device.state == "active" and site.state != "completed",
        crc=device.crc_quirk,
        scale={k: float(v) for k, v in device.unit_scale.items()},
        linked=tuple(links.get(device.number, ())),
        works_from=_minutes(site.works_from, 0),
        works_to=_minutes(site.works_to, 1440),
        site_active=is_active,
        quirks=tuple(device.quirks),
        polled_at=device.polled_at,
        registers=device.model.registers if device.polled_at and device.model else "",
        version=device.hj212_version,
        sm4_key=device.sm4_key,
        lon=device.lon if device.lon is not None else site.lon,
        lat=device.lat if device.lat is not None else site.lat,
    )


def _minutes(moment: dt.time | None, default: int) -> int:
    return moment.hour * 60 + moment.minute if moment else default


def publish_registry() -> int:
    """Write the next version and tell the fast plane; returns its number."""
    entries = devices()
    rules = tuple(rule for provider in RULE_PROVIDERS for rule in provider())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(5720213)")
        cursor.execute("SELECT coalesce(max(version), 0) + 1 FROM fast.registry")
        version = int(cursor.fetchone()[0])
        body = registries.encode(Registry(version, entries, rules))
        cursor.execute(
            "INSERT INTO fast.registry (id, version, body) VALUES (1, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body, published_at = now()",
            [version, body],
        )
        cursor.execute("SELECT pg_notify('siteloop_registry', %s)", [str(version)])
    return version


def publish_later(**_: object) -> None:
    """Once, when the present transaction commits; a rolled-back one publishes nothing."""
    if not connection.in_atomic_block:
        _publish_if_there()
        return
    waiting = {entry[1] for entry in connection.run_on_commit}
    if _publish_if_there not in waiting:
        transaction.on_commit(_publish_if_there)


def _publish_if_there() -> None:
    """Only where the fast plane's tables exist (not while Django's own migrations run)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('fast.registry')")
        if cursor.fetchone()[0] is None:
            return
    publish_registry()


def watch() -> None:
    """Publish after every change of what the snapshot is made of."""
    for model in (Device, DeviceModel, Site, Project):
        for signal in (post_save, post_delete):
            signal.connect(
                _changed, sender=model, dispatch_uid=f"registry.publish.{model.__name__}.{id(signal)}"
            )
    m2m_changed.connect(_changed, sender=Device.linked.through, dispatch_uid="registry.publish.linked")


def _changed(sender: type[models.Model], **_: object) -> None:
    publish_later()
