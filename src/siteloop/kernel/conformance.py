"""The report of a conformance test: what a vendor's device or platform was asked to show, what it showed, and the verdict.

Written by `siteloop conformance`, filed with the device model by the authority. The digest finds damage, it is no signature: who
ran the test vouches for it. Contract: fields are only added, each with a default.
"""

import hashlib
from enum import StrEnum

import msgspec

FORMAT = 1
LARGEST = 8 << 20


class Verdict(StrEnum):
    """`NOT_SHOWN`: the occasion did not arise, so nothing is said about it."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NOT_SHOWN = "not_shown"


TITLES: dict[Verdict, tuple[str, str]] = {
    Verdict.PASS: ("通过", "pass"),
    Verdict.FAIL: ("不通过", "fail"),
    Verdict.NOT_SHOWN: ("未出现", "not shown"),
}

#: profiles of the kit -> title
PROFILES: dict[str, tuple[str, str]] = {
    "hj212-2017": ("HJ 212-2017", "HJ 212-2017"),
    "hj212-2005": ("HJ/T 212-2005", "HJ/T 212-2005"),
    "hj212-2025": ("HJ 212-2025", "HJ 212-2025"),
    "jt808": ("JT/T 808 车载终端", "JT/T 808 vehicle terminal"),
    "lifting": ("塔机与升降机（厂家帧）", "Cranes and hoists (makers' frames)"),
    "mqtt": ("MQTT JSON", "MQTT JSON"),
    "http": ("HTTP JSON", "HTTP JSON"),
    "weighbridge": ("XK3190 地磅", "XK3190 weighbridge"),
    "modbus": ("Modbus TCP", "Modbus TCP"),
    "events": ("事件推送（摄像机、门禁）", "Event push"),
}


class Seen(msgspec.Struct, frozen=True):
    """Bytes that went over the line. `way` is in (from the one tested) or out; binary ones are written in hex."""

    at_us: int
    way: str
    text: str
    is_hex: bool = False


class Result(msgspec.Struct, frozen=True):
    """One case: what was expected, what was found, and the bytes that show it."""

    code: str
    title: str
    title_en: str
    clause: str
    expected: str
    found: str
    verdict: Verdict
    seen: tuple[Seen, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """All cases of one run. `role` says what was tested: a device or a platform."""

    siteloop_conformance: int
    profile: str
    role: str
    tool: str  # version of the program that tested
    peer: str
    started_us: int
    ended_us: int
    results: tuple[Result, ...]
    code: str = ""  # the device's own code
    maker: str = ""
    model: str = ""
    firmware: str = ""
    tester: str = ""
    digest: str = ""

    def count(self, verdict: Verdict) -> int:
        """How many cases ended so."""
        return sum(r.verdict is verdict for r in self.results)

    @property
    def verdict(self) -> Verdict:
        """Failed when one case failed; passed when something was shown and nothing failed."""
        if self.count(Verdict.FAIL):
            return Verdict.FAIL
        return Verdict.PASS if self.count(Verdict.PASS) else Verdict.NOT_SHOWN


class BadReport(ValueError):
    """This is no report, or it was damaged; the text says it in Chinese."""


def _digest(report: Report) -> str:
    bare = msgspec.structs.replace(report, digest="")
    return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()


def sealed(report: Report) -> Report:
    """With its digest."""
    return msgspec.structs.replace(report, digest=_digest(report))


def encode(report: Report) -> bytes:
    """The file."""
    return msgspec.json.format(msgspec.json.encode(sealed(report)), indent=1)


def decode(data: bytes) -> Report:
    """Raises BadReport."""
    if len(data) > LARGEST:
        raise BadReport("报告文件过大")
    try:
        report = msgspec.json.decode(data, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise BadReport(f"不是符合性测试报告：{wrong}") from wrong
    if report.siteloop_conformance != FORMAT:
        raise BadReport(f"报告格式版本 {report.siteloop_conformance} 不能识别")
    if report.digest != _digest(report):
        raise BadReport("报告内容与其摘要不符，文件已损坏或被改动")
    if not report.results or report.profile not in PROFILES:
        raise BadReport("报告中没有测试项，或协议不能识别")
    return report
