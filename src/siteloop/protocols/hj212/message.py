"""The data segment: header fields, flag bits, data area (HJ 212-2017 6.3)."""

import msgspec


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

    def items(self) -> dict[str, str]:
        """The data area flat: key -> value, first one wins. `a34004-Rtd=1,a34004-Flag=N;...`; odd separators tolerated."""
        found: dict[str, str] = {}
        for item in self.area.decode("utf-8", "replace").replace(";", ",").split(","):
            key, equals, value = item.partition("=")
            if equals:
                found.setdefault(key, value)
        return found


class NotAMessage(ValueError):
    """The segment has no header or data area as the standard draws it."""


def parse(segment: bytes) -> Message:
    """Read a data segment. Raises NotAMessage."""
    start = segment.find(b"CP=&&")
    if start < 0:
        raise NotAMessage("no CP=&&")
    end = segment.rfind(b"&&")
    if end < start + 5:
        raise NotAMessage("no closing &&")
    head: dict[str, str] = {}
    for item in segment[:start].decode("ascii", "replace").replace(",", ";").split(";"):
        key, equals, value = item.partition("=")
        if equals:
            head[key] = value
    if "CN" not in head or "MN" not in head:
        raise NotAMessage("no CN or MN")
    return Message(
        qn=head.get("QN", ""),
        st=head.get("ST", ""),
        cn=head["CN"],
        pw=head.get("PW", ""),
        mn=head["MN"],
        flag=_whole(head.get("Flag")),
        pnum=_whole(head.get("PNUM")) or 0,
        pno=_whole(head.get("PNO")) or 0,
        area=segment[start + 5 : end],
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and len(text) < 10 else None
