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

    def tell_rights(model: str, object: int, **_: object) -> None:
        account = _account_of(model, object)
        if account is not None:
            announcer.say(f"live.rights.{account}", {})

    events.listen("row_changed")(tell_rights)
    send.PUBLISHERS.append(lambda account, message: announcer.say(f"live.notice.{account}", message))


def _account_of(model: str, key: int) -> int | None:
    """Whose rights a changed row touches, None when it touches nobody's."""
    from siteloop.foundation.authority.models import Post, ProjectGrant

    if model == "authority.account":
        return key
    why = "whose open event stream must ask for its rights anew"
    row: Post | ProjectGrant | None = None
    if model == "authority.post":
        row = Post.objects.unscoped(why).filter(pk=key).first()
    elif model == "authority.projectgrant":
        row = ProjectGrant.objects.unscoped(why).filter(pk=key).first()
    return row.account_id if row is not None else None
