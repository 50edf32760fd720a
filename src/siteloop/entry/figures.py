"""Figures of all roles on one page, gathered by the web role; each is labelled with its role."""

import urllib.request
from collections.abc import Iterable, Iterator

from django.db import Error, connection
from prometheus_client import REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from siteloop.entry.measuring import ports


def everything() -> bytes:
    """Prometheus text; a role that does not answer is shown as `siteloop_up 0`."""
    registry = CollectorRegistry()
    registry.register(_Gathered())
    return generate_latest(registry)


class _Gathered(Collector):
    def collect(self) -> Iterable[Metric]:
        merged: dict[str, Metric] = {}
        up = GaugeMetricFamily("siteloop_up", "Whether the role answers", labels=["role"])
        for role, families in _by_role():
            up.add_metric([role], 1.0 if families is not None else 0.0)
            for family in families or ():
                known = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for s in family.samples:
                    known.add_sample(s.name, {**s.labels, "role": role}, s.value)
        return [up, *_ledger(), *merged.values()]


def _by_role() -> Iterator[tuple[str, list[Metric] | None]]:
    yield "web", list(REGISTRY.collect())
    for role, port in ports().items():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                text = answer.read().decode()
        except OSError:
            yield role, None
            continue
        yield role, list(text_string_to_metric_families(text))


def _ledger() -> list[Metric]:
    """received = stored + control + rejected, and how much waits between the planes."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(received), sum(stored), sum(control) FROM fast.ledger")
            counted = dict(zip(("received", "stored", "control"), cursor.fetchone(), strict=True))
            cursor.execute("SELECT reason, sum(n) FROM fast.ledger_rejected GROUP BY reason")
            rejected = cursor.fetchall()
            cursor.execute("SELECT count(*) FROM fast.finding_inbox WHERE taken_at IS NULL")
            waiting = cursor.fetchone()[0]
    except Error:
        return []
    messages = CounterMetricFamily(
        "siteloop_ledger_messages", "Messages by what became of them", labels=["fate"]
    )
    for fate, n in counted.items():
        messages.add_metric([fate], float(n or 0))
    refused = CounterMetricFamily(
        "siteloop_ledger_rejected", "Messages refused, by reason", labels=["reason"]
    )
    for reason, n in rejected:
        refused.add_metric([reason], float(n))
    inbox = GaugeMetricFamily(
        "siteloop_inbox_waiting", "Findings not yet taken by the worker", value=float(waiting)
    )
    return [messages, refused, inbox]
