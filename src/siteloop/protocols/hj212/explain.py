"""A refused frame taken apart for people: every check with what was expected and what came. Changes nothing, raises nothing.

The verdict is the listener's own (`frame.cut`, `intake.understand`), so that the page can never say otherwise than the port.
"""

from collections.abc import Callable

import msgspec

from siteloop.kernel.explanation import Check, Item
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.hj212.crc import VARIANTS, crc212, variant_of
from siteloop.protocols.hj212.factors import FACTORS
from siteloop.protocols.hj212.frame import HEAD, TAIL, Frame, cut
from siteloop.protocols.hj212.intake import Known, Unknown, understand
from siteloop.protocols.hj212.message import Message, NotAMessage, parse

DeviceOf = Callable[[str], DeviceEntry | None]
SHOWN = 60  # signs of a text in a check


class Explained(msgspec.Struct, frozen=True):
    """Checks of frame, segment and sender; `known` when the frame is sound and its sender proven, else `unknown` says why not."""

    checks: tuple[Check, ...]
    items: tuple[Item, ...]
    known: Known | None
    unknown: Unknown | None


def explain(raw: bytes, device_of: DeviceOf) -> Explained:
    """Take apart what lies in quarantine: one frame, a broken one, or no frame at all."""
    segment, tail = _parts(raw)
    try:
        message, wrong = parse(segment), ""
    except NotAMessage as no:
        message, wrong = None, str(no)
    device = device_of(message.mn) if message else None
    verdict = _verdict(raw, device_of)
    known = verdict if isinstance(verdict, Known) else None
    shown = known.message if known else message  # decrypted when it could be
    checks = (
        _head(raw),
        _length(raw, segment),
        _crc(segment, tail, device, is_proven=known is not None),
        Check(
            "structure",
            "数据段结构",
            "Data segment",
            message is not None,
            "QN;ST;CN;PW;MN;Flag;CP=&&…&&",
            wrong or f"CN={message.cn if message else ''} MN={message.mn if message else ''}",
        ),
        *_sender(message, device),
    )
    items = (
        tuple(_item(k, t, device.profile if device else "dust") for k, t in shown.pairs()) if shown else ()
    )
    return Explained(checks, items, known, None if isinstance(verdict, Known) else verdict)


def _verdict(raw: bytes, device_of: DeviceOf) -> Known | Unknown:
    whole = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    _, found = cut(whole)
    frames = [f for f in found if isinstance(f, Frame)]
    if len(frames) == 1 and len(found) == 1:
        return understand(frames[0], device_of)
    refusals = [f for f in found if not isinstance(f, Frame)]
    if refusals:
        return Unknown(refusals[0].reason, refusals[0].detail)
    detail = "more than one frame" if frames else "the frame is not finished"
    return Unknown(Reason.LENGTH, detail)


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    """(data segment, the four signs of its CRC) as they really lie there, whatever the length says."""
    body = raw[HEAD:] if raw[:2] == b"##" else raw
    end = body.rfind(b"&&")
    if end >= 0:
        return body[: end + 2], body[end + 2 : end + 2 + TAIL].strip()
    body = body.rstrip(b"\r\n")
    return body[:-TAIL], body[-TAIL:]


def _head(raw: bytes) -> Check:
    return Check("head", "包头", "Frame head", raw[:2] == b"##", "##", _text(raw[:2]))


def _length(raw: bytes, segment: bytes) -> Check:
    declared = raw[2:HEAD]
    is_right = declared.isdigit() and len(declared) == 4 and int(declared) == len(segment)
    return Check("length", "数据段长度", "Segment length", is_right, f"{len(segment):04d}", _text(declared))


def _crc(segment: bytes, tail: bytes, device: DeviceEntry | None, is_proven: bool) -> Check:
    quirk = device.crc if device else "hj212"
    wanted = VARIANTS[quirk](segment)
    try:
        sent = int(tail, 16)
    except ValueError:
        return Check("crc", "CRC 校验", "CRC", False, f"{wanted:04X}", _text(tail) or "—")
    fits = variant_of(segment, sent)
    found = f"{sent:04X}" + (f"（{fits}）" if fits and fits != quirk else "")
    is_right = is_proven or sent in (wanted, crc212(segment))
    return Check(
        "crc",
        "CRC 校验",
        "CRC",
        is_right,
        f"{wanted:04X}" + (f"（{quirk}）" if quirk != "hj212" else ""),
        found,
    )


def _sender(message: Message | None, device: DeviceEntry | None) -> tuple[Check, Check]:
    registered = Check(
        "registered",
        "设备登记（MN）",
        "Registered (MN)",
        device is not None if message else None,
        "已登记",
        message.mn if message else "",
    )
    if device is None or message is None:
        return registered, Check("password", "访问密码（PW）", "Password (PW)", None)
    is_right = not device.password or message.pw == device.password
    found = "未核对" if not device.password else "一致" if is_right else "不一致"
    return registered, Check("password", "访问密码（PW）", "Password (PW)", is_right, "与登记一致", found)


def _item(key: str, text: str, profile: str) -> Item:
    name = FACTORS.get(profile, {}).get(key.partition("-")[0].upper(), "")
    return Item(key[:SHOWN], text[:SHOWN], name)


def _text(data: bytes) -> str:
    return data[:SHOWN].decode("ascii", "backslashreplace")
