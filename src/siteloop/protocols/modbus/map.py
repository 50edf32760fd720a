"""A register map: which fields of a profile stand in which registers, written as TOML (MODBUS Application Protocol V1.1b3 6.3, 6.4).

profile = "dust"
unit = 1                                  # device address, 0 to 247
[[field]]
name = "pm25"
register = 0                              # counted from 0, as on the wire
table = "holding"                         # holding (03) | input (04)
type = "u16"                              # u16 i16 u32 i32 f32 bit
words = "ABCD"                            # order of the bytes of 32 bits: ABCD CDAB BADC DCBA
scale = 0.1
offset = 0.0
invalid = [65535]                         # raw values that stand for "no value"
bit = 0                                   # for type "bit"
"""

import math
import struct
import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from siteloop.kernel.profiles import PROFILES
from siteloop.kernel.quality import Quality
from siteloop.protocols.rows import Reading, row

#: most registers one request may read (V1.1b3 6.3: 1 to 125)
MOST_REGISTERS = 125
LAST_REGISTER = 65_535
#: registers nobody asked for that a request may read along to save another request
GAP = 8


class Table(StrEnum):
    """Where a register stands."""

    HOLDING = "holding"
    INPUT = "input"


class Type(StrEnum):
    """How registers are read."""

    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    F32 = "f32"
    BIT = "bit"


class Order(StrEnum):
    """Order of the four bytes of a 32-bit value as they come."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


FORMATS = {Type.U16: ">H", Type.I16: ">h", Type.U32: ">I", Type.I32: ">i", Type.F32: ">f", Type.BIT: ">H"}
WIDE = frozenset({Type.U32, Type.I32, Type.F32})


class FieldMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one field stands."""

    name: str
    register: int
    table: Table = Table.HOLDING
    type: Type = Type.U16
    words: Order = Order.ABCD
    scale: float = 1.0
    offset: float = 0.0
    invalid: tuple[float, ...] = ()
    bit: int = 0

    @property
    def size(self) -> int:
        """Registers it takes."""
        return 2 if self.type in WIDE else 1


class RegisterMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sensor's registers."""

    profile: str
    field: tuple[FieldMap, ...]
    unit: int = 1
    title: str = ""


class Request(msgspec.Struct, frozen=True):
    """One read: `count` registers of a table from `register` on."""

    table: Table
    register: int
    count: int


class BadMap(ValueError):
    """A map that cannot be used; the text says in Chinese what to change."""


def load(text: str) -> RegisterMap:
    """A map from TOML. Raises BadMap."""
    try:
        found = msgspec.convert(tomllib.loads(text), RegisterMap)
    except tomllib.TOMLDecodeError as wrong:
        raise BadMap(f"不是 TOML：{wrong}") from wrong
    except msgspec.ValidationError as wrong:
        raise BadMap(f"寄存器表有误：{wrong}") from wrong
    _check(found)
    return found


def _check(found: RegisterMap) -> None:
    if found.profile not in PROFILES:
        raise BadMap(f"没有这种设备类型：{found.profile}")
    if not 0 <= found.unit <= 247:
        raise BadMap(f"设备地址须在 0 到 247 之间：{found.unit}")
    if not found.field:
        raise BadMap("至少要有一个字段")
    known = {f.name for f in PROFILES[found.profile].fields}
    seen: set[str] = set()
    for one in found.field:
        if one.name not in known:
            raise BadMap(f"{found.profile} 没有字段 {one.name}")
        if one.name in seen:
            raise BadMap(f"字段重复：{one.name}")
        seen.add(one.name)
        if not 0 <= one.register <= LAST_REGISTER + 1 - one.size:
            raise BadMap(f"{one.name} 的寄存器须在 0 到 {LAST_REGISTER} 之间：{one.register}")
        if not 0 <= one.bit <= 15:
            raise BadMap(f"{one.name} 的位须在 0 到 15 之间：{one.bit}")
        if not (math.isfinite(one.scale) and one.scale and math.isfinite(one.offset)):
            raise BadMap(f"{one.name} 的系数须为非零有限数")


def plan(found: RegisterMap) -> list[Request]:
    """The fewest sensible requests: neighbours are read together, never more than 125 registers at once."""
    requests: list[Request] = []
    for table in Table:
        spans = sorted((f.register, f.register + f.size) for f in found.field if f.table is table)
        for start, stop in spans:
            last = requests[-1] if requests and requests[-1].table is table else None
            if last and start <= last.register + last.count + GAP and stop - last.register <= MOST_REGISTERS:
                count = max(last.count, stop - last.register)
                requests[-1] = Request(table, last.register, count)
            else:
                requests.append(Request(table, start, stop - start))
    return requests


def value_of(one: FieldMap, registers: Sequence[int]) -> float:
    """The value of a field in the profile's unit from its one or two registers; NaN for "no value"."""
    data = b"".join(r.to_bytes(2, "big") for r in registers)
    if one.size == 2:
        a, b, c, d = (data[i : i + 1] for i in range(4))
        data = {
            Order.ABCD: a + b + c + d,
            Order.CDAB: c + d + a + b,
            Order.BADC: b + a + d + c,
            Order.DCBA: d + c + b + a,
        }[one.words]
    raw: float = struct.unpack(FORMATS[one.type], data)[0]
    if one.type is Type.BIT:
        return float(int(raw) >> one.bit & 1)
    if raw in one.invalid or not math.isfinite(raw):
        return math.nan
    return raw * one.scale + one.offset


def reading(
    found: RegisterMap,
    answers: Mapping[Request, Sequence[int] | None],
    at: int,
    scale: Mapping[str, float] | None = None,
) -> Reading:
    """The row of what the sensor answered to the planned requests; None or too few registers = it did not answer.

    A field that was not answered is flagged COMMUNICATION. Raises NoReading when nothing was answered.
    """
    said: dict[str, float | None] = {}
    flags: dict[str, Quality] = {}
    for one in found.field:
        registers = _registers(one, answers)
        said[one.name] = value_of(one, registers) if registers else None
        if registers is None:
            flags[one.name] = Quality.COMMUNICATION
    return row(found.profile, said, at, scale=scale, flags=flags)


def _registers(one: FieldMap, answers: Mapping[Request, Sequence[int] | None]) -> Sequence[int] | None:
    for request, registers in answers.items():
        start = one.register - request.register
        if request.table is one.table and start >= 0 and start + one.size <= len(registers or ()):
            cut = (registers or ())[start : start + one.size]
            return cut if all(0 <= r <= 0xFFFF for r in cut) else None
    return None
