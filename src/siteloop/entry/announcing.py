"""Business events to the live plane: wired when Django starts in a process that has a bus."""

from siteloop.entry import environment

_started: list[object] = []


def start() -> None:
    """Once a process: cases and notices are told on `live.*` after commit."""
    url = environment.read().nats_url
    if not url or _started:
        return
    from siteloop.entry.worker import Announcer
    from siteloop.foundation.notice import send
    from siteloop.framework import events

    announcer = Announcer(url)
    announcer.start()
    _started.append(announcer)

    def tell_case(case: int, region: str, site: int | None, **more: object) -> None:
        announcer.say(f"live.case.{region or '0'}.{site or 0}", {"case": case, **more})

    for name in ("case_opened", "case_moved", "case_closed", "case_reopened"):
        events.listen(name)(tell_case)
    send.PUBLISHERS.append(lambda account, message: announcer.say(f"live.notice.{account}", message))
