"""What the host says: answers to uploads and notices, and commands (HJ 212-2017 6.6, Annex C; 2005 and 2025 beside it).

HJ/T 212-2005 answers carry the QN in the data area (`ST=91;CN=9014;CP=&&QN=…;CN=2051&&`), later ones in the header; the
2005 forms are known from public implementations only (text of the standard 未核实).
"""

import datetime as dt
from collections.abc import Sequence

from siteloop.kernel.times import SHANGHAI, from_us
from siteloop.protocols.hj212.crc import VARIANTS
from siteloop.protocols.hj212.frame import STANDARD_LONGEST, build
from siteloop.protocols.hj212.message import Message
from siteloop.protocols.hj212.sm4 import encrypt, is_secret, key_of

#: notices of a device are answered 9013, uploads 9014
NOTICES = frozenset({"1013", "9015"})
UPLOADS = frozenset({"2011", "2021", "2051", "2061", "2031", "2041"})
#: flag of a request that wants an answer, by version
REQUEST_FLAGS = {"2005": 1, "2017": 5, "2025": 9}
ANSWERS = frozenset({"9011", "9012", "9013", "9014"})

#: which upload hands in what (C.49/C.50); 2011 with times is no command of the standard, a quirk allows it
HISTORY = {"realtime": "2011", "minute": "2051", "hour": "2061", "day": "2031"}

QN_RETURNS = {
    "1": "准备执行",
    "2": "请求被拒绝",
    "3": "PW 错误",
    "4": "MN 错误",
    "5": "ST 错误",
    "6": "Flag 错误",
    "7": "QN 错误",
    "8": "CN 错误",
    "9": "CRC 错误",
    "100": "未知错误",
}
EXE_RETURNS = {
    "1": "执行成功",
    "2": "执行失败，原因未知",
    "3": "执行条件不符",
    "4": "执行超时",
    "5": "系统繁忙",
    "6": "系统故障",
    "100": "没有数据",
}


def answer(message: Message, crc: str = "hj212", version: str = "2017") -> bytes:
    """The frame that confirms an upload (9014) or a notice (9013): same QN, ST=91, no answer wanted."""
    cn = "9013" if message.cn in NOTICES else "9014"
    if version == "2005":
        of = "" if cn == "9013" else f";CN={message.cn}"
        segment = f"ST=91;CN={cn};CP=&&QN={message.qn}{of}&&".encode()
    else:
        flag = message.version_bits << 2 if message.flag is not None else 4
        segment = (
            f"QN={message.qn};ST=91;CN={cn};PW={message.pw};MN={message.mn};Flag={flag};CP=&&&&".encode()
        )
    return build(segment, VARIANTS[crc](segment))


def qn_of(us: int) -> str:
    """17 digits of the exchange's number: local time to the millisecond."""
    return from_us(us).astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S%f")[:17]


def stamp(us: int) -> str:
    """14 digits of local time."""
    return from_us(us).astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")


def request(
    qn: str,
    st: str,
    cn: str,
    pw: str,
    mn: str,
    area: str,
    crc: str = "hj212",
    version: str = "2017",
    sm4_key: str = "",
) -> bytes:
    """A command frame that wants an answer; with a key (32 hex digits) the area of the standard's secret commands is encrypted.

    Raises ValueError for a key that is none.
    """
    flag = REQUEST_FLAGS.get(version, 5)
    return wire(f"QN={qn};ST={st};CN={cn};PW={pw};MN={mn};Flag={flag};", cn, area, crc, sm4_key)


def wire(head: str, cn: str, area: str, crc: str = "hj212", sm4_key: str = "") -> bytes:
    """A frame of a header and a data area: CRC over the plain text, then the area encrypted where it has to be."""
    plain = area.encode()
    number = VARIANTS[crc](head.encode() + b"CP=&&" + plain + b"&&")
    sent = encrypt(plain, key_of(sm4_key)) if sm4_key and is_secret(cn) else plain
    return build(head.encode() + b"CP=&&" + sent + b"&&", number)


def split(head: str, items: Sequence[str], most: int = STANDARD_LONGEST) -> list[list[str]]:
    """Items (whole factors; the first, DataTime, goes into every part) so that no data segment exceeds `most` bytes.

    `head` is the header without PNUM and PNO. One list when no split is needed. Raises ValueError for a factor too long.
    """
    room = most - len(head.encode()) - len("PNUM=99;PNO=99;CP=&&&&") - len(items[0].encode())
    parts: list[list[str]] = [[items[0]]]
    left = room
    for item in items[1:]:
        size = len(item.encode()) + 1
        if size > room:
            raise ValueError(f"factor of {size} bytes")
        if size > left:
            parts.append([items[0]])
            left = room
        parts[-1].append(item)
        left -= size
    return parts


def command(name: str, args: dict[str, object], now_us: int) -> tuple[str, str]:
    """(CN, data area) of a command of ours. Raises KeyError for one HJ 212 has no words for.

    set_time {} · read_time {} · set_interval {seconds} · request_history {kind realtime|minute|hour|day, from_us, to_us} ·
    spray_on/spray_off {} are 3021 parameter writes, which the standard leaves to the device (Annex C 3021).
    """
    if name == "set_time":
        return "1012", f"SystemTime={stamp(now_us)}"
    if name == "read_time":
        return "1011", ""
    if name == "set_interval":
        return "1062", f"RtdInterval={int(str(args['seconds']))}"
    if name == "request_history":
        cn = HISTORY[str(args.get("kind", "minute"))]
        begin, end = int(str(args["from_us"])), int(str(args["to_us"]))
        return cn, f"BeginTime={stamp(begin)};EndTime={stamp(end)}"
    if name in ("spray_on", "spray_off"):
        return "3021", f"PolId=SB1;SB1-Control={1 if name == 'spray_on' else 0}"
    raise KeyError(name)


def parse_system_time(text: str) -> dt.datetime:
    """A device's SystemTime. Raises ValueError."""
    return dt.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
