"""How long an unfinished message is waited for, however slowly its bytes drip in: a connection is not a place to stay.

A device that has begun a message must end it within `UNFINISHED_S`; new bytes of the same message buy no more time.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # one of two, which look the same from here
    from uvicorn.protocols.http.h11_impl import H11Protocol as Http
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as Http

IDLE_S = 3600.0  # a silent connection is closed
UNFINISHED_S = 60.0  # and one whose message is not finished this long after it began
HEAD_S = 20.0  # for the head of an HTTP request
BODY_S = 60.0  # and for its body


class Progress:
    """What one connection's messages do over time."""

    def __init__(self) -> None:
        self.last = time.monotonic()  # when anything came
        self.begun = 0.0  # when the unfinished message began; 0 = none

    def note(self, is_unfinished: bool, has_advanced: bool) -> None:
        """After new bytes were looked at: whether a message's beginning is left, and whether anything was used."""
        self.last = time.monotonic()
        if not is_unfinished:
            self.begun = 0.0
        elif has_advanced or not self.begun:
            self.begun = self.last

    def is_over(self, now: float) -> bool:
        """Whether the connection has used up our patience."""
        if self.begun:
            return now - self.begun > UNFINISHED_S
        return now - self.last > IDLE_S


class PatientHttp(Http):
    """uvicorn's own protocol with a limit on the time the head of a request may take; it has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """The first head is expected at once."""
        super().connection_made(transport)
        self._expect_head(True)

    def data_received(self, data: bytes) -> None:
        """More bytes of a head do not make it last longer."""
        super().data_received(data)
        is_ours = self.transport.get_protocol() is self  # not after a change to another protocol
        self._expect_head(is_ours and (self.cycle is None or bool(self.cycle.response_complete)))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._expect_head(False)
        super().connection_lost(exc)

    def _expect_head(self, is_expected: bool) -> None:
        if not is_expected and self._head is not None:
            self._head.cancel()
            self._head = None
        elif is_expected and self._head is None:
            self._head = asyncio.get_running_loop().call_later(HEAD_S, self._give_up)

    def _give_up(self) -> None:
        if self.transport is not None:
            self.transport.close()
