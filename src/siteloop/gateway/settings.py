"""What a fast role is told when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class GatewaySettings:
    """`dsn` already names the role `siteloop_fast`; addresses are (host, port); port 0 lets the system choose."""

    dsn: str
    nats_url: str
    data: Path
    hj212: tuple[str, int] = ("127.0.0.1", 9212)
    mqtt: tuple[str, int] = ("127.0.0.1", 1883)
    jt808: tuple[str, int] | None = None  # None = this door is closed
    lifting: tuple[str, int] | None = None
    weighbridge: tuple[str, int] | None = None
    intake: tuple[str, int] = ("127.0.0.1", 0)
    # the same doors with TLS; None = closed
    hj212_tls: tuple[str, int] | None = None
    mqtt_tls: tuple[str, int] | None = None
    intake_tls: tuple[str, int] | None = None
    tls_chain: Path | None = None
    tls_key: Path | None = None
    live: tuple[str, int] = ("127.0.0.1", 0)
    event_days: int = 90  # events and their pictures are kept this long
    person_event_days: int = 30  # those that show a person's passage
    ahead_s: int = 600  # a device clock may run this far ahead
    oldest_s: int = 30 * 86_400  # real-time rows older than this are refused
    oldest_history_s: int = 5 * 365 * 86_400  # and aggregates a device hands in later, than this
    partitions: int = 1  # streams the readings are spread over, the same number in every process
    replicas: int = 1  # servers of the bus that keep each block
    edges: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # of this centre: name -> its sites
    edge: str = ""  # name of this edge, where it is one
    accelerate: bool = True  # decode HJ 212 with the compiled batch decoder where numba is there
