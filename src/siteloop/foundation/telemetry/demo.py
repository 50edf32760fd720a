"""Demo: cameras of every maker and a gate, so that events and their pictures come in as from real ones."""

import datetime as dt

from django.utils import timezone

from siteloop.foundation.authority.demo import WHY
from siteloop.foundation.registry import credentials
from siteloop.foundation.registry.demo import device_token
from siteloop.foundation.registry.models import Device, Site, WorkState

#: code -> (which of the sites under construction, profile, what the simulators play, place)
CAMERAS = {
    "CAM-DEMO-0001": (0, "camera", "hikvision", "大门"),
    "CAM-DEMO-0002": (9, "camera", "dahua", "塔吊"),
    "CAM-DEMO-0003": (18, "camera", "plain", "出土口"),
    "GATE-DEMO-0001": (0, "gate", "gate", "工人通道"),
}
INTERVAL_S = 60


def load() -> None:
    """Once; the sites are those of the registry's demo."""
    if Device.objects.unscoped(WHY).filter(code__in=CAMERAS).exists():
        return
    sites = list(
        Site.objects.unscoped(WHY)
        .filter(project__code__startswith="DEMO", state=WorkState.UNDER_CONSTRUCTION)
        .order_by("pk")
    )
    for code, (place, profile, maker, point) in CAMERAS.items() if sites else ():
        site = sites[place % len(sites)]
        Device(
            code=code,
            profile=profile,
            title=f"{site.name}{point}{'闸机' if profile == 'gate' else '摄像机'}",
            site=site,
            install_point=point,
            lon=site.lon,
            lat=site.lat,
            model_name={"dahua": "大华（模拟）", "plain": "通用（模拟）"}.get(maker, "海康（模拟）"),
            interval_s=INTERVAL_S,
            token_hash=credentials.digest(device_token(code)),
            token_ha1=credentials.ha1(code, device_token(code)),
            installed_on=timezone.localdate() - dt.timedelta(days=120),
        ).save()


def talking() -> list[dict[str, object]]:
    """Every camera as the simulators need it."""
    rows = Device.objects.unscoped(WHY).filter(code__in=CAMERAS, state="active").order_by("code")
    return [
        {
            "code": d.code,
            "maker": CAMERAS[d.code][2],
            "token": device_token(d.code),
            "interval_s": d.interval_s,
        }
        for d in rows
    ]
