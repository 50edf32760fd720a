"""The judgement every listener makes before it takes a reading: its time."""

from siteloop.gateway.settings import GatewaySettings
from siteloop.kernel.block import Kind
from siteloop.kernel.reasons import Reason
from siteloop.kernel.times import SECOND


def too_early_or_late(
    at: int, kind: int, now: int, settings: GatewaySettings, is_refill: bool = False
) -> Reason | None:
    """Judge a reading's time. History (device-made aggregates, back-fill) may be older than real-time rows may."""
    if at > now + settings.ahead_s * SECOND:
        return Reason.FUTURE
    is_history = is_refill or kind != Kind.REALTIME
    oldest = settings.oldest_history_s if is_history else settings.oldest_s
    return Reason.TOO_OLD if at < now - oldest * SECOND else None
