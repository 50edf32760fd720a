"""All lifting families on one port: which frame it is shows in its head, what it carries in its command."""

from collections.abc import Callable, Collection, Mapping, Sequence

from siteloop.kernel.reasons import Reason
from siteloop.protocols import framing
from siteloop.protocols.framing import Family, Refusal
from siteloop.protocols.lifting import a55a, goyo_crane, goyo_hoist
from siteloop.protocols.lifting.frame import Frame
from siteloop.protocols.rows import NoReading, Reading

FAMILIES: Sequence[Family[Frame]] = (goyo_crane.CraneFrames(), goyo_hoist.HoistFrames(), a55a.A55aFrames())
LONGEST = max(f.longest for f in FAMILIES)

Read = Callable[[Frame, Mapping[str, float], Collection[str]], Reading]

#: (family, command) -> (profile of the row, its reader)
READERS: dict[tuple[str, int], tuple[str, Read]] = {
    (goyo_crane.NAME, goyo_crane.Func.REALTIME): ("tower_crane", goyo_crane.reading),
    (goyo_crane.NAME, goyo_crane.Func.OFFLINE): ("tower_crane", goyo_crane.reading),
    (goyo_hoist.NAME, goyo_hoist.Command.REALTIME): ("hoist", lambda f, s, _: goyo_hoist.reading(f, s)),
    (goyo_hoist.NAME, goyo_hoist.Command.OFFLINE): ("hoist", lambda f, s, _: goyo_hoist.reading(f, s)),
    (a55a.NAME, a55a.Type.CRANE_REALTIME): ("tower_crane", lambda f, s, _: a55a.crane_reading(f, s)),
    (a55a.NAME, a55a.Type.CRANE_CYCLE): ("crane_cycle", lambda f, s, _: a55a.crane_cycle(f, s)),
    (a55a.NAME, a55a.Type.HOIST_REALTIME): ("hoist", lambda f, s, _: a55a.hoist_reading(f, s)),
    (a55a.NAME, a55a.Type.HOIST_ALARM): ("hoist", lambda f, s, _: a55a.hoist_reading(f, s)),
    (a55a.NAME, a55a.Type.HOIST_CYCLE): ("hoist_cycle", lambda f, s, _: a55a.hoist_cycle(f, s)),
}
#: frames of stored data
STORED = frozenset(
    {(goyo_crane.NAME, goyo_crane.Func.OFFLINE), (goyo_hoist.NAME, goyo_hoist.Command.OFFLINE)}
)
#: the device profile that may send a record profile
OWNERS = {"crane_cycle": "tower_crane", "hoist_cycle": "hoist"}

_ANSWERS: dict[str, Callable[[Frame, int], bytes]] = {
    goyo_crane.NAME: goyo_crane.answer,
    goyo_hoist.NAME: goyo_hoist.answer,
    a55a.NAME: a55a.answer,
}


def cut(buffer: bytes | bytearray) -> tuple[int, list[Frame | Refusal]]:
    """All whole frames at the front of a receive buffer: (bytes used, frames and refusals in order)."""
    return framing.cut(buffer, FAMILIES)


def carries_reading(frame: Frame) -> bool:
    """Whether a row is to be expected of the frame; all others are control."""
    return (frame.family, frame.command) in READERS


def is_stored(frame: Frame) -> bool:
    """Whether the frame hands in what was stored while the line was down."""
    return (frame.family, frame.command) in STORED


def read(
    frame: Frame, profile: str, scale: Mapping[str, float], quirks: Collection[str] = ()
) -> tuple[str, Reading]:
    """(profile of the row, the row) of a frame from a device of `profile`. Raises NoReading."""
    known = READERS.get((frame.family, frame.command))
    if known is None:
        raise NoReading(Reason.UNSUPPORTED, f"{frame.family} command {frame.command:02X}")
    kind, reader = known
    if OWNERS.get(kind, kind) != profile:
        raise NoReading(Reason.UNSUPPORTED, f"a frame of {kind} from a device registered as {profile}")
    return kind, reader(frame, scale, quirks)


def position(frame: Frame) -> tuple[float, float] | None:
    """(lon, lat) in degrees where the machine says it stands, None where it says nothing of it."""
    if (frame.family, frame.command) != (goyo_crane.NAME, goyo_crane.Func.REALTIME):
        return None
    return goyo_crane.position(frame)


def answer(frame: Frame, now_us: int) -> bytes:
    """What the host says back, b"" when nothing."""
    return _ANSWERS[frame.family](frame, now_us)
