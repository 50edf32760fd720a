"""Device profiles: which quantities one kind of device reports, in which unit, within which physics.

A profile fixes the column order of its telemetry table and of every `Block` about it. Fields are only added
at the end; a field is never renamed or moved. Physical bounds are what the quantity can be at all, not a limit
(limits come from packs).
"""

from enum import StrEnum

import msgspec


class Averaging(StrEnum):
    """How values of a field are averaged (standards.md section 10)."""

    ARITHMETIC = "arithmetic"
    ENERGY = "energy"  # 10·log10(mean(10^(L/10))): sound levels
    VECTOR = "vector"  # direction in degrees, unit vectors
    LAST = "last"  # states and counters: the last value


class Field(msgspec.Struct, frozen=True):
    """One quantity of a profile."""

    name: str  # column name, quantity; the unit stands beside it
    title: str
    title_en: str
    unit: str
    low: float  # physical bounds, inclusive
    high: float
    averaging: Averaging = Averaging.ARITHMETIC
    decimals: int = 1


class Profile(msgspec.Struct, frozen=True):
    """One kind of device. `code` names the telemetry table, the MQTT topic and the HTTP path."""

    code: str
    title: str
    title_en: str
    fields: tuple[Field, ...]

    def index(self, name: str) -> int:
        """Column of a field. Raises KeyError for an unknown name."""
        for i, field in enumerate(self.fields):
            if field.name == name:
                return i
        raise KeyError(name)


A, E, V, L = Averaging.ARITHMETIC, Averaging.ENERGY, Averaging.VECTOR, Averaging.LAST

DUST = Profile(
    "dust",
    "扬尘噪声监测",
    "Dust and noise monitor",
    (
        Field("pm25", "PM2.5", "PM2.5", "µg/m³", 0, 20_000),
        Field("pm10", "PM10", "PM10", "µg/m³", 0, 50_000),
        Field("tsp", "TSP", "TSP", "µg/m³", 0, 100_000),
        Field("noise", "噪声", "Noise", "dB(A)", 0, 160, E),
        Field("temperature", "温度", "Temperature", "℃", -60, 70),
        Field("humidity", "湿度", "Humidity", "%", 0, 100),
        Field("pressure", "气压", "Pressure", "kPa", 40, 120),
        Field("wind_speed", "风速", "Wind speed", "m/s", 0, 90),
        Field("wind_direction", "风向", "Wind direction", "°", 0, 360, V, 0),
    ),
)

SPRAYER = Profile(
    "sprayer",
    "喷淋雾炮",
    "Sprayer or fog cannon",
    (
        Field("running", "运行", "Running", "", 0, 1, L, 0),
        Field("flow", "流量", "Flow", "m³/h", 0, 10_000),
        Field("water_pressure", "水压", "Water pressure", "MPa", 0, 100, A, 2),
        Field("run_seconds", "本次运行时长", "Run time", "s", 0, 1_000_000, L, 0),
    ),
)

PROFILES: dict[str, Profile] = {p.code: p for p in (DUST, SPRAYER)}
