"""CRC of HJ 212-2017 Annex A and the two variants met in the field.

The standard throws the register's high byte away at each step, so one table look-up a byte does it, and the result
is not CRC-16/MODBUS. Verified: the Annex A frame gives 1C80, "123456789" gives 2F80.
"""

from collections.abc import Callable


def _table(seed: int) -> int:
    crc = seed
    for _ in range(8):
        crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


TABLE: tuple[int, ...] = tuple(_table(b) for b in range(256))


def crc212(data: bytes) -> int:
    """16-bit CRC over the data segment; 0 is a value like any other."""
    table, crc = TABLE, 0xFFFF
    for byte in data:
        crc = table[(crc >> 8) ^ byte]
    return crc


def crc_modbus(data: bytes) -> int:
    """CRC-16/MODBUS, which some devices send instead (register xored whole)."""
    table, crc = TABLE, 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc


def swap(crc: int) -> int:
    """The two bytes exchanged."""
    return ((crc & 0xFF) << 8) | (crc >> 8)


def _swapped(data: bytes) -> int:
    return swap(crc212(data))


def _modbus_low_first(data: bytes) -> int:
    return swap(crc_modbus(data))


VARIANTS: dict[str, Callable[[bytes], int]] = {
    "hj212": crc212,
    "hj212_swapped": _swapped,
    "modbus_low_first": _modbus_low_first,
}


def variant_of(data: bytes, sent: int) -> str | None:
    """The name of the variant that matches, the standard first; None when none does."""
    return next((name for name, crc in VARIANTS.items() if crc(data) == sent), None)
