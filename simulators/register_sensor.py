"""A Modbus sensor: registers that hold what a behaviour says, by the same map the platform reads them with."""

import math
import struct

from simulators.device import Behaviour
from siteloop.protocols.modbus.map import FORMATS, FieldMap, Order, RegisterMap, Request, Table, Type


class RegisterSensor:
    """One sensor. `is_answering` False = it lets every request time out."""

    def __init__(self, registers: RegisterMap, behave: Behaviour) -> None:
        self.registers, self.behave = registers, behave
        self.is_answering = True
        self.refuses: set[Table] = set()  # tables it does not have

    def read(self, request: Request, now_us: int) -> list[int] | None:
        """The registers of one request, None when it does not answer; a register nobody mapped is 0."""
        said = self.behave(now_us) if self.is_answering else None
        if said is None:
            return None
        out = [0] * request.count
        for one in self.registers.field:
            start = one.register - request.register
            if one.table is request.table and start >= 0 and start + one.size <= request.count:
                self._write(out, start, one, said.get(one.name, math.nan))
        return out

    @staticmethod
    def _write(out: list[int], start: int, one: FieldMap, value: float) -> None:
        if one.type is Type.BIT:
            out[start] |= int(value == 1) << one.bit
            return
        missing = one.invalid[0] if one.invalid else 0
        raw = missing if math.isnan(value) else (value - one.offset) / one.scale
        data = struct.pack(FORMATS[one.type], raw if one.type is Type.F32 else round(raw))
        if one.size == 2:
            a, b, c, d = (data[i : i + 1] for i in range(4))
            orders = {Order.ABCD: a + b + c + d, Order.CDAB: c + d + a + b, Order.BADC: b + a + d + c}
            data = orders.get(one.words, d + c + b + a)
        out[start : start + one.size] = struct.unpack(f">{one.size}H", data)
