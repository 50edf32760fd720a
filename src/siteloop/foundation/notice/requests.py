"""Requests: somebody asks, somebody else grants or denies with an opinion, and whoever asked is told.

A model derives from `Request` and says what it is about; `decision` makes each of its two verbs, grant and deny.
"""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils import timezone

from siteloop.foundation.notice.send import notify
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.scope import ScopedModel
from siteloop.framework.viewer import Viewer

OPINION = Input("opinion", "审批意见", "Opinion", kind="multiline", required=True)


class RequestState(models.TextChoices):
    """A request's life. A model may word it otherwise; the values stay."""

    ASKED = "asked", "待审批"
    GRANTED = "granted", "同意"
    DENIED = "denied", "不同意"


class Request(ScopedModel):
    """What was asked, by whom, and what became of it. A model adds what is asked for and why."""

    asked_at = models.DateTimeField("申请时间")
    asked_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, related_name="+", verbose_name="申请人"
    )
    state = models.CharField("状态", max_length=10, choices=RequestState.choices, default=RequestState.ASKED)
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        "authority.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审批人"
    )
    opinion = models.CharField("审批意见", max_length=300, blank=True)

    #: kind of the notice to whoever asked
    notice_kind = "case"

    class Meta(ScopedModel.Meta):
        abstract = True

    @property
    def about(self) -> str:
        """What the answer names."""
        raise NotImplementedError

    @property
    def link(self) -> str:
        """Where whoever asked sees what became of it."""
        raise NotImplementedError

    def is_own(self, viewer: Viewer) -> bool:
        """Whether the viewer asked, and so may not decide."""
        return self.asked_by_id is not None and self.asked_by_id == viewer.user

    def ask(self, act: Act) -> None:
        """Save it as asked now by who acts. Raises ValidationError."""
        self.asked_at, self.asked_by_id = timezone.now(), act.viewer.user
        self.full_clean(exclude=[f.name for f in self._meta.concrete_fields if f.is_relation])
        self.save()

    def decide(self, act: Act, state: RequestState) -> None:
        """Save it as decided now by who acts."""
        self.state, self.opinion = state, act.data["opinion"].strip()[:300]
        self.decided_at, self.decided_by_id = timezone.now(), act.viewer.user
        self.save()


def _decide(act: Act, state: RequestState, title: str, follow: Callable[[Act], str]) -> str:
    row: Request = act.obj
    if row.is_own(act.viewer):
        raise Refused("申请人不能审批自己的申请", status=403)
    row.decide(act, state)
    said = follow(act)
    if row.asked_by is not None:
        notify(
            [row.asked_by],
            row.notice_kind,
            f"{title}：{row.about}",
            body=row.opinion,
            link=row.link,
            level="blue" if state == RequestState.GRANTED else "yellow",
            subject=f"{row._meta.label_lower}:{row.pk}:decided",
        )
    return said


def decision(
    model: type[Request],
    state: RequestState,
    titles: tuple[str, str],
    follow: Callable[[Act], str],
    **more: Any,
) -> Action:
    """The verb `grant` or `deny`. `follow` does what follows in the same act, says so, and raises Refused where it cannot."""
    title, title_en = titles
    return Action(
        "grant" if state == RequestState.GRANTED else "deny",
        title,
        title_en,
        model,
        lambda act: _decide(act, state, title, follow),
        fields=(OPINION,),
        available=lambda row, viewer: row.state == RequestState.ASKED,
        log="{actor}审批{obj}，" + title + "：{opinion}",
        **more,
    )
