"""Registry: what the fast plane must know about devices and rules, as one frozen, versioned snapshot.

The business plane publishes it (`fast.registry` row + NOTIFY siteloop_registry); listeners, judge and live
reload it whole. Contract: fields are only added, each with a default.
"""

import msgspec


class DeviceEntry(msgspec.Struct, frozen=True):
    """One registered device as the fast plane sees it."""

    number: int  # registry number: the primary key of registry.Device, the key of all telemetry
    code: str  # MN for HJ 212; the topic or token name for MQTT/HTTP
    profile: str
    site: int
    region: str  # trimmed division code, e.g. 330482100
    project: int = 0
    title: str = ""
    supplier: str = ""
    password: str = ""  # HJ 212 PW; empty = not checked
    token_hash: str = ""  # sha256 hex of the MQTT/HTTP device token
    interval_s: int = 300  # expected seconds between real-time rows
    enabled: bool = True
    crc: str = "hj212"  # hj212 | hj212_swapped | modbus_low_first (standards.md 1.2)
    scale: dict[str, float] = {}  # field -> factor to the profile's unit, e.g. {"pm25": 1000} for mg/m³
    linked: tuple[int, ...] = ()  # device numbers it acts on or is watched with: monitor -> sprayers
    works_from: int = 0  # site's working hours, minutes after local midnight
    works_to: int = 1440
    site_active: bool = True  # site under construction
    quirks: tuple[str, ...] = ()  # allowed departures from the standard: kernel.quirks.Quirk
    version: str = "2017"  # HJ 212 the device speaks: 2005 | 2017 | 2025
    sm4_key: str = ""  # 32 hex digits; set = the data area is encrypted (HJ 212-2025 6.4.2)
    lon: float | None = None  # registered point, degrees WGS-84; None = unknown
    lat: float | None = None
    token_hash_before: str = ""  # the token before the newest one, good until `before_until_us`
    ha1: str = ""  # MD5(code:siteloop:token), for devices that only speak HTTP digest
    ha1_before: str = ""
    before_until_us: int = 0
    polled_at: str = ""  # where the platform asks it: host[:port][/unit]; "" = it speaks by itself
    registers: str = ""  # its model's register map, TOML (protocols.modbus.map)


class RuleEntry(msgspec.Struct, frozen=True):
    """One rule of a pack, resolved for one region or project: numbers only, the detector kind says what they mean."""

    code: str  # dust.pm25_spray
    detector: str  # name in the detector registry
    region: str  # applies to devices whose region starts with this; the longest prefix wins
    version: int
    params: dict[str, float | int | str | bool]
    severity: str  # red | orange | yellow | blue
    clause: str = ""
    title: str = ""
    shadow: bool = False
    project: int = 0  # set = only devices of this project, for which it stands above every region


class Registry(msgspec.Struct, frozen=True):
    """The whole snapshot."""

    version: int
    devices: tuple[DeviceEntry, ...]
    rules: tuple[RuleEntry, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Registry)


def encode(registry: Registry) -> bytes:
    """Bytes stored in `fast.registry.body`."""
    return _encoder.encode(registry)


def decode(data: bytes) -> Registry:
    """Raises msgspec.DecodeError for anything else."""
    return _decoder.decode(data)
