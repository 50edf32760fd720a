"""What a port is: it takes one letter and says what became of it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What became of a letter."""

    SENT = "sent"
    AGAIN = "again"  # a fault that may pass; counts as a try
    BUSY = "busy"  # the other side asks to slow down; counts as no try
    NEVER = "never"  # this letter will not be taken, however often it is offered


@dataclass(frozen=True)
class Answer:
    """The port's answer. `words` is shown in the register and never holds an address or a secret."""

    outcome: Outcome
    words: str = ""
    wait_s: int = 0  # for BUSY: how long the channel stays quiet


@dataclass(frozen=True)
class Letter:
    """What leaves: title, body and absolute link ("" without one), level, mobile numbers of the receivers.

    `key` is the same for every repetition of one letter. A group channel gets all its receivers in one letter.
    """

    key: str
    level: str
    title: str
    body: str
    link: str
    mobiles: tuple[str, ...]


class Port(Protocol):
    """One channel's way out. `send` blocks for at most its own time limits and raises nothing for a fault of the net."""

    @property
    def code(self) -> str:
        """Name of the channel."""
        ...

    @property
    def is_group(self) -> bool:
        """One letter reaches a group; its receivers are only mentioned."""
        ...

    def send(self, letter: Letter) -> Answer:
        """Offer one letter."""
        ...

    def text(self, letter: Letter) -> str:
        """The words as the receiver reads them; kept in the register."""
        ...


LEVELS = {"red": "红色", "orange": "橙色", "yellow": "黄色", "blue": "提示"}


def short_text(letter: Letter) -> str:
    """As a short message: title, the body's first line and the link; at most 210 bytes, three message parts."""
    first = replace(letter, body=letter.body.split("\n", 1)[0])
    return plain_text(first, 210)


def plain_text(letter: Letter, most_bytes: int) -> str:
    """【等级】title, body, link; the body is cut so that the whole stays within `most_bytes` of UTF-8."""
    head = f"【{LEVELS.get(letter.level, '提示')}】{letter.title}"
    tail = f"\n{letter.link}" if letter.link else ""
    room = most_bytes - len((head + tail).encode()) - 1
    body = letter.body.encode()
    if len(body) > room:
        body = body[: max(0, room - 3)].decode(errors="ignore").encode() + "…".encode()
    words = body.decode() if room > 3 else ""
    return head + (f"\n{words}" if words else "") + tail
