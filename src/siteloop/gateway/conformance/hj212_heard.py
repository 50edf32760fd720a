"""HJ 212, what is judged at the end over everything a device sent: structure, CRC, fields, time, factors."""

import re
from collections.abc import Callable

from siteloop.gateway.conformance.cases import Outcome, Suite, failed, judged, not_shown, passed
from siteloop.gateway.conformance.hj212 import Line, Said, shown
from siteloop.kernel.quality import FLAG_LETTERS
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212 import talk
from siteloop.protocols.hj212.frame import STANDARD_LONGEST, Frame
from siteloop.protocols.hj212.message import SPLIT
from siteloop.protocols.hj212.reading import NoReading, data_time, reading

HEARD: Suite[Line] = Suite()
MOST_OFF_S = 600  # between a device's clock and ours
MODERN = ("2017", "2025")
_HEAD = re.compile(rb"##\d{4}\Z")
_QN = re.compile(r"20\d{15}")


def _all(t: Line, is_wrong: Callable[[Said], str], what: str, cns: tuple[str, ...] = ()) -> Outcome:
    """None of what was heard may be wrong; `is_wrong` says how it is."""
    looked = [s for s in t.said if s.frame is not None and (not cns or (s.message and s.message.cn in cns))]
    if not looked:
        return not_shown("没有收到这类报文")
    wrong = [(s, words) for s in looked if (words := is_wrong(s))]
    if not wrong:
        return passed(f"{len(looked)} 条{what}均符合", [looked[0].seen])
    return failed(f"{len(looked)} 条中 {len(wrong)} 条：{wrong[0][1]}", [s.seen for s, _ in wrong[:4]])


@HEARD.case(
    "framing",
    "数据包结构",
    "Frame",
    "6.3.1",
    "##、4 位长度、数据段、4 位 CRC、回车换行，无多余字节",
    afterwards=True,
)
async def framing(t: Line) -> Outcome:
    broken = [s for s in t.said if s.frame is None or s.frame.quirks or not _HEAD.match(s.heard.raw[:6])]
    if not t.said:
        return not_shown("没有收到报文")
    if broken:
        words = "、".join(dict.fromkeys(q for s in broken if s.frame for q in s.frame.quirks))
        return failed(f"{len(t.said)} 个数据包中 {len(broken)} 个不合结构 {words}".strip(), shown(broken[:4]))
    if t.unended:
        return failed(f"{len(t.unended)} 个数据包后没有回车换行", shown(t.said[:1]))
    return passed(f"{len(t.said)} 个数据包均符合", shown(t.said[:1]))


@HEARD.case("crc", "CRC 校验", "CRC", "附录A", "按 HJ 212 算法，四位十六进制大写", afterwards=True)
async def crc(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        assert isinstance(s.frame, Frame), "only frames are looked at"
        if not s.is_sound:
            return f"CRC {s.heard.raw[-4:].decode('ascii', 'replace')} 不符"
        return "" if s.heard.raw[-4:] == s.heard.raw[-4:].upper() else "CRC 为小写"

    return _all(t, wrong, "报文")


@HEARD.case(
    "longest",
    "数据段不超过 1024 字节",
    "At most 1,024 bytes",
    "6.3.1、6.3.3（分包）",
    "超出时用 PNUM、PNO 分包",
    afterwards=True,
)
async def longest(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        size = len(s.frame.segment) if s.frame else 0
        return f"数据段 {size} 字节" if size > STANDARD_LONGEST else ""

    return _all(t, wrong, "报文")


@HEARD.case(
    "header",
    "数据段字段",
    "Header fields",
    "表3",
    "QN、ST、CN、PW、MN、Flag 齐全，QN 为 17 位时间且不重复使用",
    MODERN,
    afterwards=True,
)
async def header(t: Line) -> Outcome:
    used: dict[tuple[str, str, int], bytes] = {}

    def wrong(s: Said) -> str:
        m = s.message
        if m is None:
            return "读不出字段"
        lacking = [n for n, v in (("QN", m.qn), ("ST", m.st), ("PW", m.pw), ("MN", m.mn)) if not v]
        if lacking or m.flag is None:
            return "缺少 " + "、".join([*lacking, *([] if m.flag is not None else ["Flag"])])
        if not _QN.fullmatch(m.qn):
            return f"QN={m.qn}"
        if m.cn in talk.UPLOADS and used.setdefault((m.qn, m.cn, m.pno), m.area) != m.area:
            return f"QN {m.qn} 用于不同内容"
        return ""

    return _all(t, wrong, "报文")


@HEARD.case(
    "identity", "设备编码与密码", "Code and password", "表3 MN、PW", "始终是登记的 MN 和 PW", afterwards=True
)
async def identity(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        m = s.message
        if m is None:
            return "读不出字段"
        if m.mn != t.code and not m.cn.startswith("901"):
            return f"MN={m.mn}"
        return f"PW={m.pw}" if m.pw and m.pw != t.password else ""

    return _all(t, wrong, "报文")


@HEARD.case(
    "flag",
    "拆分包及应答标志",
    "Flag bits",
    "表3 Flag",
    "版本位正确；D 位与 PNUM、PNO 一致",
    MODERN,
    afterwards=True,
)
async def flag(t: Line) -> Outcome:
    wanted = {"2017": 1, "2025": 2}[t.asked.version]

    def wrong(s: Said) -> str:
        m = s.message
        if m is None or m.flag is None:
            return "没有 Flag"
        if m.version_bits != wanted:
            return f"Flag={m.flag}，版本位应为 {wanted}"
        return "" if bool(m.flag & SPLIT) == bool(m.pnum) else f"Flag={m.flag}，PNUM={m.pnum}"

    return _all(t, wrong, "报文")


@HEARD.case(
    "data_time",
    "数据时间",
    "Time of the data",
    "附录C 2011 DataTime",
    "14 位时间，与平台相差不超过 10 分钟",
    afterwards=True,
)
async def data_time_(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        told = s.message.items().get("DataTime", "") if s.message else ""
        try:
            off = (data_time(told) - s.heard.at_us) / SECOND
        except ValueError:
            return f"DataTime={told or '无'}"
        return f"相差 {off:+.0f} s" if len(told) != 14 or abs(off) > MOST_OFF_S else ""

    return _all(t, wrong, "实时报文", ("2011",))


@HEARD.case(
    "factors",
    "监测因子与数据标记",
    "Factors and value flags",
    "6.6.3、附录B",
    "因子编码可识别，每个值都有已知的 Flag",
    afterwards=True,
)
async def factors(t: Line) -> Outcome:
    def wrong(s: Said) -> str:
        assert s.message is not None, "chosen by its CN"
        try:
            reading(s.message, t.asked.device, {})
        except NoReading as no:
            return f"读不出监测值：{no.detail}"
        items = s.message.items()
        for key in items:
            name, _, part = key.partition("-")
            if part in ("Rtd", "Avg") and items.get(f"{name}-Flag", "").upper() not in FLAG_LETTERS:
                return f"{name} 的 Flag={items.get(name + '-Flag', '无')}"
        return ""

    return _all(t, wrong, "实时报文", ("2011",))


@HEARD.case(
    "parts",
    "分包上传",
    "Split uploads",
    "6.3.3（PNUM、PNO）",
    "各分包齐全、编号正确、各自重复 DataTime",
    afterwards=True,
)
async def parts(t: Line) -> Outcome:
    found = [s for s in t.messages(*talk.UPLOADS) if s.message and s.message.is_part]
    if not found:
        return not_shown("没有出现需要分包的报文")
    groups: dict[tuple[str, str, int], set[int]] = {}
    for s in found:
        m = s.message
        assert m is not None, "chosen above"
        groups.setdefault((m.cn, m.items().get("DataTime", ""), m.pnum), set()).add(m.pno)
    open_ = [key for key, numbers in groups.items() if numbers != set(range(1, key[2] + 1)) or not key[1]]
    return judged(not open_, f"{len(groups)} 组分包，{len(open_)} 组不完整", shown(found[:4]))


@HEARD.case(
    "encrypted",
    "数据区加密",
    "Encrypted data area",
    "HJ 212-2025 6.4.2",
    "数据区按 SM4 加密，CRC 按明文计算",
    ("2025",),
    afterwards=True,
)
async def encrypted(t: Line) -> Outcome:
    if not t.asked.sm4_key:
        return not_shown("本次测试没有给出 SM4 密钥")
    return _all(
        t,
        lambda s: "数据区为明文" if s.frame and b"DataTime=" in s.frame.segment else "",
        "实时报文",
        ("2011",),
    )
