"""The data segment: header fields, flag bits, data area (HJ 212-2017 6.3)."""

import re

import msgspec

from siteloop.kernel.quirks import Quirk

_NAMES = {name.upper(): name for name in ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF")}
_AREA = re.compile(rb"CP=&&", re.IGNORECASE)
SPLIT = 2  # bit D of the flag: PNUM and PNO are there


class Message(msgspec.Struct, frozen=True):
    """One parsed data segment. Texts are as sent; `flag` is None in HJ/T 212-2005 frames that carry none."""

    qn: str
    st: str
    cn: str
    pw: str
    mn: str
    flag: int | None
    pnum: int
    pno: int
    area: bytes
    is_refill: bool = False  # RF=1: handed in afterwards (2025)
    quirks: tuple[str, ...] = ()  # departures from the standard met in the header

    @property
    def wants_answer(self) -> bool:
        """Bit A."""
        return bool(self.flag and self.flag & 1)

    @property
    def version_bits(self) -> int:
        """0 = 2005, 1 = 2017, 2 = 2025; only a hint (2020 surface-water frames already carry 2)."""
        return (self.flag or 0) >> 2

    @property
    def is_part(self) -> bool:
        """One of several packets."""
        return self.pnum > 1

    @property
    def is_numbered(self) -> bool:
        """Whether a part says which one it is; some devices set bit D without PNUM and PNO."""
        return self.pno > 0 or not (self.flag or 0) & SPLIT

    @property
    def exchange(self) -> str:
        """The QN an answer speaks of: its own, or the one HJ/T 212-2005 writes into the data area."""
        return self.qn or self.items().get("QN", "")

    def pairs(self) -> list[tuple[str, str]]:
        """The data area in order: (key, value). `a34004-Rtd=1,a34004-Flag=N;...`; odd separators tolerated."""
        found = []
        for item in self.area.decode("utf-8", "replace").replace(";", ",").split(","):
            key, equals, value = item.partition("=")
            if equals:
                found.append((key, value))
        return found

    def items(self) -> dict[str, str]:
        """The data area flat: key -> value, first one wins."""
        found: dict[str, str] = {}
        for key, value in self.pairs():
            found.setdefault(key, value)
        return found


class NotAMessage(ValueError):
    """The segment has no header or data area as the standard draws it."""


def parse(segment: bytes) -> Message:
    """Read a data segment; one without the closing `&&` is read to its end. Raises NotAMessage."""
    start = segment.find(b"CP=&&")
    quirks: list[str] = []
    if start < 0:
        match = _AREA.search(segment)
        if match is None:
            raise NotAMessage("no CP=&&")
        start = match.start()
        quirks.append(str(Quirk.ANY_CASE))
    end = segment.rfind(b"&&")
    if end < start + 5:
        end = len(segment)
    head: dict[str, str] = {}
    for item in segment[:start].decode("ascii", "replace").replace(",", ";").split(";"):
        key, equals, value = item.partition("=")
        if not equals:
            continue
        name = _NAMES.get(key.upper(), key)
        if name != key and not quirks:
            quirks.append(str(Quirk.ANY_CASE))
        head[name] = value
    # the host's answers of HJ/T 212-2005 name no device
    if "CN" not in head or ("MN" not in head and not head["CN"].startswith("901")):
        raise NotAMessage("no CN or MN")
    return Message(
        qn=head.get("QN", ""),
        st=head.get("ST", ""),
        cn=head["CN"],
        pw=head.get("PW", ""),
        mn=head.get("MN", ""),
        flag=_whole(head.get("Flag")),
        pnum=_whole(head.get("PNUM")) or 0,
        pno=_whole(head.get("PNO")) or 0,
        area=segment[start + 5 : end],
        is_refill=head.get("RF") == "1",
        quirks=tuple(quirks),
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
