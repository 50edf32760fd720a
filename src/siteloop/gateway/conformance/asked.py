"""What a run of the kit is told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """`code` is the device's own code (MN, terminal number, MQTT user name). Times in seconds."""

    profile: str  # hj212-2017 | hj212-2005 | hj212-2025 | jt808 | lifting | mqtt | http | weighbridge | modbus | events
    address: tuple[str, int]
    listens: bool  # we are the platform and a device comes to us, else we are the device; of modbus the other way round
    code: str = ""
    password: str = ""
    sm4_key: str = ""
    device: str = "dust"  # profile of the device's readings
    registers: str = ""  # TOML of the register map, of modbus
    unit: int | None = None  # device address, of modbus; None = the map's
    patience: float = 90.0  # for a device to come, or to speak by itself
    answer: float = 10.0  # HJ 212-2017 table 1
    quiet: float | None = None  # for what must not come again; None = one and a half answers
    maker: str = ""
    model: str = ""
    firmware: str = ""
    tester: str = ""

    @property
    def version(self) -> str:
        """2017 of hj212-2017."""
        return self.profile.rpartition("-")[2] if "-" in self.profile else ""

    @property
    def silence(self) -> float:
        """How long nothing has to come for it to count as nothing."""
        return self.answer * 1.5 if self.quiet is None else self.quiet
