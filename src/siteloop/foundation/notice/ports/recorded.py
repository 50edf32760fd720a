"""A port that sends nothing: it writes down what would have left. Used by the demo, by trials and by tests."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from django.utils import timezone

from siteloop.foundation.notice.ports.port import Answer, Letter, Outcome, plain_text, short_text

WORDS = "仅记录，未真正发出"


@dataclass
class RecordedPort:
    """One JSON line a letter in `file`; numbers are masked. `answers` are given one after the other before all is well."""

    code: str
    is_group: bool = False
    file: Path | None = None
    answers: list[Answer] = field(default_factory=list)
    sent: list[Letter] = field(default_factory=list)

    def text(self, letter: Letter) -> str:
        """As the real channel would word it."""
        return short_text(letter) if self.code == "sms" else plain_text(letter, 2048)

    def send(self, letter: Letter) -> Answer:
        """Write the letter down."""
        if not self.is_group and not letter.mobiles:
            return Answer(Outcome.NEVER, "未登记手机号")
        answer = self.answers.pop(0) if self.answers else Answer(Outcome.SENT, WORDS)
        if answer.outcome is Outcome.SENT:
            self.sent.append(letter)
            self._write(letter)
        return answer

    def _write(self, letter: Letter) -> None:
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        line = {
            "at": timezone.now().isoformat(timespec="seconds"),
            "channel": self.code,
            "to": [masked_mobile(m) for m in letter.mobiles],
            "text": self.text(letter),
        }
        with self.file.open("a", encoding="utf-8") as book:
            book.write(json.dumps(line, ensure_ascii=False) + "\n")


def masked_mobile(number: str) -> str:
    """138****0000."""
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 7 else ""
