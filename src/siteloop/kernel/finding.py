"""Finding: something a rule saw, and Command: something a rule or a person wants a device to do."""

from enum import StrEnum

import msgspec


class Act(StrEnum):
    """What a finding message says about the finding with the same key."""

    RAISE = "raise"
    UPDATE = "update"
    CLEAR = "clear"


class Severity(StrEnum):
    """The four risk colours; they mean the same everywhere."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"


class Finding(msgspec.Struct, frozen=True):
    """One statement of a detector. `key` (rule + subject + since) names the episode: raise, updates and clear share it."""

    act: Act
    rule: str
    subject: str  # "device:17", "site:4", "project:2"
    since: int  # µs, start of the episode in device time
    at: int  # µs, the reading that made this statement
    site: int
    region: str
    device: int = 0
    project: int = 0
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    severity: Severity = Severity.YELLOW
    message: str = ""  # why, with the values, in Chinese
    clause: str = ""
    evidence: tuple[str, ...] = ()  # references: "reading:17@1690000000000000", "command:<id>", "file:<id>"
    count: int = 1  # readings the episode holds so far
    rule_version: int = 0
    shadow: bool = False

    @property
    def key(self) -> str:
        """Identity of the episode."""
        return f"{self.rule}|{self.subject}|{self.since}"


class Command(msgspec.Struct, frozen=True):
    """An order to a device. States: queued → sent → accepted | refused → done | failed | expired."""

    id: str  # uuid hex
    device: int
    command: str  # spray_on | spray_off | set_time | request_history | read_time
    args: dict[str, float | int | str | bool] = {}
    issued_at: int = 0  # µs
    expires_at: int = 0  # µs; 0 = 60 s after issue
    origin: str = ""  # "rule:dust.pm25_spray" or "user:12"
    reason: str = ""
