"""`python -m siteloop.entry.bench_fleet DEVICES [ON [OFF]]`: a bench's devices in the tables of the business plane.

Registered as people register them, they are published with the rules of their region, and again by whoever publishes next: what a
bench writes over the published registry by hand is gone with the worker's next edition. Never started in an installation.
"""

import sys

from siteloop.entry.migrating import django_ready
from siteloop.gateway.bench.load_frames import PASSWORD, code

#: Pinghu, whose rules are those of the nation, the province and the county
REGION = "330482"
#: devices a site: rules that look at a device's neighbours find some
EACH = 3
RULE = "bench.pm25"


def register(devices: int, rule: dict[str, float] | None = None) -> None:
    """Devices 1 to `devices`, three to a site; `rule` adds a threshold of PM2.5 with these numbers to the nation's."""
    django_ready()
    from siteloop.foundation.registry.models import Device, Project, Site
    from siteloop.foundation.registry.publish import publish_registry

    if rule:
        _add(rule)
    project = Project(code="BENCH", name="bench", region_code=REGION, state="under_construction")
    project.save()
    sites = Site.objects.bulk_create(
        Site(project=project, name=f"bench {n}", region_code=REGION, state="under_construction")
        for n in range(-(-devices // EACH))
    )
    Device.objects.bulk_create(
        (
            Device(
                number=n,
                code=code(n),
                profile="dust",
                site=sites[(n - 1) // EACH],
                region_code=REGION,
                password=PASSWORD,
                interval_s=60,
            )
            for n in range(1, devices + 1)
        ),
        batch_size=5_000,
    )
    publish_registry()


def _add(rule: dict[str, float]) -> None:
    from siteloop.foundation.packs.models import Pack, PackRule

    PackRule(
        pack=Pack.objects.unscoped("bench").get(region_code="", project=None),
        code=RULE,
        title="bench",
        detector="threshold",
        params={"field": "pm25", **rule},
        severity="yellow",
    ).save()


def main(words: list[str]) -> int:
    """Register."""
    register(int(words[0]), dict(zip(("on", "off"), map(float, words[1:]), strict=False)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
