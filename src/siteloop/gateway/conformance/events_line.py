"""The conversation of event push: we are the platform and answer every push as the door does, or as badly as a case wants it."""

from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

import msgspec

from siteloop.gateway.conformance import digest
from siteloop.gateway.conformance.asked import Asked
from siteloop.gateway.conformance.ear import Ear, Heard
from siteloop.gateway.conformance.events_push import MOST_HELD, Key, Push, cut
from siteloop.protocols.events.event import Event

PATH = "/api/v1/intake/events/"
FORMS = tuple(PATH + maker for maker in ("hikvision", "dahua", "plain"))


class Trick(StrEnum):
    """A bad answer; `SLOW` is none at all until the case gives one."""

    BUSY = "503"
    ERROR = "500"
    DENIED = "401"
    REFUSED = "422"
    LOST = "lost"
    SLOW = "slow"


@dataclass
class Line:
    """The conversation with a camera or gate. One event at a time is answered badly."""

    asked: Asked
    ear: Ear[Push] = field(init=False)
    asker: digest.Asker = field(default_factory=digest.Asker)
    proven: list[Heard[Push]] = field(default_factory=list)
    taken: list[Heard[Push]] = field(default_factory=list)  # a 2xx was given for these
    fault: str = ""  # of the last proof that was none

    def __post_init__(self) -> None:
        self.ear = Ear(cut, lambda p: p.shown, is_text=True, longest=MOST_HELD + (1 << 16), react=self._react)
        self._trick: Trick | None = None
        self._tricked: Heard[Push] | None = None
        self.refusing: set[Key] = set()  # events that get 422 however often they come

    @property
    def code(self) -> str:
        """The code asked for, else the one heard."""
        return self.asked.code or next((h.unit.proof.code for h in self.proven), "")

    # ---- what was heard

    def heard(self) -> list[Heard[Push]]:
        """Pushes without the first steps of digest; while nobody has proven himself, all of them."""
        proven = {id(h) for h in self.proven}
        pushes = (h for h in self.ear.heard if h.unit.first.startswith("POST ") and h.unit.size)
        return [h for h in pushes if not proven or id(h) in proven or h.unit.is_over]

    def pushes(self) -> list[Push]:
        """The same without their times."""
        return [h.unit for h in self.heard()]

    def news(self) -> list[tuple[Push, Event]]:
        """Events with the push that carried them, without signs of life."""
        return [(p, e) for p in self.pushes() for e in p.news]

    def repeats(self, one: Heard[Push]) -> list[Heard[Push]]:
        """Proven pushes behind this one with an event of it."""
        place = next(i for i, h in enumerate(self.proven) if h is one)
        return [h for h in self.proven[place + 1 :] if h.unit.keys & one.unit.keys]

    def same(self, one: Heard[Push]) -> list[Heard[Push]]:
        """Those of them that are the very same."""
        return [h for h in self.repeats(one) if h.unit.sha256 == one.unit.sha256]

    # ---- answers

    async def play(self, trick: Trick) -> Heard[Push] | None:
        """Answer the next event so; that event. None where nobody has proven himself or nothing happens."""
        if not self.proven:
            return None
        self._trick, self._tricked = trick, None
        found = await self.ear.until(lambda: self._tricked, self.asked.patience)
        self._trick = None
        return found

    def take(self, one: Heard[Push]) -> None:
        """Say 200."""
        if self.ear.is_open(one.connection):
            self.taken.append(one)
            self._say(one, HTTPStatus.OK, {"accepted": len(one.unit.events), "errors": []})

    def _react(self, one: Heard[Push]) -> None:
        push = one.unit
        if not self.ear.is_open(one.connection):
            return
        if not push.first or push.is_over:
            self._say(one, HTTPStatus.REQUEST_ENTITY_TOO_LARGE if push.first else HTTPStatus.BAD_REQUEST)
            self.ear.drop(one.connection)
        elif not push.first.startswith("POST "):
            self._say(one, HTTPStatus.METHOD_NOT_ALLOWED)
        elif self._is_proven(push):
            self.proven.append(one)
            self._answer(one)
        else:
            self._say(one, HTTPStatus.UNAUTHORIZED)

    def _is_proven(self, push: Push) -> bool:
        if not push.proof.scheme:
            return False
        self.fault = self.asker.fault(push.proof, "POST", push.path, self.asked.code, self.asked.password)
        return not self.fault

    def _answer(self, one: Heard[Push]) -> None:
        if self._trick is not None and self._tricked is None and self._is_new(one):
            self._tricked = one
            self.refusing = one.unit.keys if self._trick is Trick.REFUSED else set()
            if self._trick is Trick.LOST:
                self.ear.drop(one.connection)
            elif self._trick is not Trick.SLOW:
                self._say(one, HTTPStatus(int(self._trick)))
        elif one.unit.path not in FORMS:
            self._say(one, HTTPStatus.NOT_FOUND)
        elif one.unit.events and not one.unit.keys & self.refusing:
            self.take(one)
        else:
            self._say(one, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _is_new(self, one: Heard[Push]) -> bool:
        """Whether it carries an event that we have not taken yet."""
        return bool(one.unit.keys) and not any(one.unit.keys & h.unit.keys for h in self.taken)

    def _say(self, one: Heard[Push], status: HTTPStatus, told: dict[str, object] | None = None) -> None:
        body = msgspec.json.encode(
            told or {"type": "about:blank", "title": status.phrase, "status": int(status)}
        )
        head = [f"HTTP/1.1 {int(status)} {status.phrase}", "Content-Type: application/json"]
        if status == HTTPStatus.UNAUTHORIZED:
            head += [f"WWW-Authenticate: {way}" for way in self.asker.ways()]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            head.append("Retry-After: 1")
        head.append(f"Content-Length: {len(body)}")
        self.ear.say("\r\n".join(head).encode() + b"\r\n\r\n" + body, one.connection)
        if one.unit.closes:
            self.ear.drop(one.connection)
