"""From a frame to a message of a registered device: CRC variant, decryption, quirks, password. One judgement for all.

Used by the listener, by replay and by the conformance kit, so that they can never judge the same bytes differently.
"""

from collections.abc import Callable

import msgspec

from siteloop.kernel.quirks import Quirk, missing
from siteloop.kernel.reasons import Reason
from siteloop.kernel.registry import DeviceEntry
from siteloop.protocols.hj212.crc import VARIANTS, crc212, variant_of
from siteloop.protocols.hj212.frame import STANDARD_LONGEST, Frame
from siteloop.protocols.hj212.message import Message, NotAMessage, parse
from siteloop.protocols.hj212.sm4 import GROUP, decrypt, is_secret, key_of, unprinted

#: the standard's header is about 130 bytes; its words are repeated in every answer, which must fit a frame
LONGEST_HEAD = 512


class Known(msgspec.Struct, frozen=True):
    """A sound message of a registered device; its area is plain text."""

    message: Message
    device: DeviceEntry


class Unknown(msgspec.Struct, frozen=True):
    """Why a frame is refused; `device` and `code` as far as they are known."""

    reason: Reason
    detail: str
    device: DeviceEntry | None = None
    code: str = ""


def understand(frame: Frame, device_of: Callable[[str], DeviceEntry | None]) -> Known | Unknown:
    """Judge one frame. `device_of` finds a registered device by its MN."""
    try:
        message = parse(frame.segment)
    except NotAMessage as wrong:
        is_standard = crc212(frame.segment) == frame.crc
        return Unknown(Reason.MALFORMED if is_standard else Reason.CRC, str(wrong))
    head = frame.segment.find(b"&&")
    if head > LONGEST_HEAD:
        return Unknown(Reason.MALFORMED, f"header of {head} bytes")
    device = device_of(message.mn)
    plain = _plain(frame, message, device)
    if isinstance(plain, Unknown):
        return plain
    if device is None:
        return Unknown(Reason.UNKNOWN_DEVICE, "MN is not registered", None, message.mn)
    departures = [*frame.quirks, *plain.quirks]
    if len(frame.segment) > STANDARD_LONGEST:
        departures.append(str(Quirk.LONG_SEGMENT))
    lacking = missing(departures, device.quirks)
    if lacking:
        is_length = lacking[0] in (Quirk.UNPADDED_LENGTH, Quirk.LENGTH_OFF, Quirk.LONG_SEGMENT)
        detail = f"not allowed to this device: {', '.join(lacking)}"
        return Unknown(Reason.LENGTH if is_length else Reason.MALFORMED, detail, device, message.mn)
    if device.password and plain.pw != device.password:
        return Unknown(Reason.PASSWORD, "PW does not match", device, message.mn)
    return Known(plain, device)


def _plain(frame: Frame, message: Message, device: DeviceEntry | None) -> Message | Unknown:
    """The message as its CRC proves it, decrypted where the device has a key."""
    crc = VARIANTS[device.crc if device else "hj212"]
    is_proven = frame.crc in (crc212(frame.segment), crc(frame.segment))
    if device is not None and device.sm4_key and is_secret(message.cn) and len(message.area) >= GROUP:
        head = frame.segment[: frame.segment.find(b"&&") + 2]
        key = key_of(device.sm4_key)
        for area in (message.area, unprinted(message.area)):
            if area is None:
                continue
            opened = decrypt(area, key)
            if frame.crc in (crc212(head + opened + b"&&"), crc(head + opened + b"&&")) and _is_text(opened):
                return msgspec.structs.replace(message, area=opened)
        if is_proven and Quirk.PLAIN_ALLOWED not in device.quirks:
            detail = "the data area is not encrypted although the device has a key"
            return Unknown(Reason.MALFORMED, detail, device, message.mn)
    if is_proven:
        return message
    detail = f"CRC {frame.crc:04X}, matches {variant_of(frame.segment, frame.crc) or 'no known variant'}"
    return Unknown(Reason.CRC, detail, device, message.mn)


def _is_text(area: bytes) -> bool:
    """Whether decryption gave a data area: the CRC alone errs once in 256 times."""
    return b"=" in area and not any(byte < 32 for byte in area)
