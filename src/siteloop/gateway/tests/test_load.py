"""The load of the benches is what a device would send: sound frames whose nine values wander."""

from siteloop.gateway import files, load
from siteloop.gateway.bench import medians
from siteloop.kernel.times import SECOND
from siteloop.protocols.hj212.crc import crc212
from siteloop.protocols.hj212.frame import Frame, cut
from siteloop.protocols.hj212.message import parse
from siteloop.protocols.hj212.reading import reading

T0 = 1_790_000_000 * SECOND


def _values(number: int, at: int) -> list[float]:
    qn, data = load.render(number, at)
    used, (frame,) = cut(bytearray(data))
    assert used == len(data) and isinstance(frame, Frame) and crc212(frame.segment) == frame.crc
    message = parse(frame.segment)
    assert (message.mn, message.qn.encode(), message.wants_answer) == (load.code(number), qn, True)
    row = reading(message, "dust", {})
    assert row.at == at and set(row.quality) == {0}
    return list(row.values)


def test_a_frame_of_the_load_carries_nine_normal_readings() -> None:
    seen = [_values(n, T0 + k * SECOND) for n in (1, 77) for k in range(20)]
    assert all(len(values) == 9 for values in seen)
    assert all(len({values[i] for values in seen}) > 5 for i in range(9))


def test_a_probe_is_past_the_limit() -> None:
    _, data = load.render(5, T0, 1000.0)
    assert b"a34004-Rtd=1000.0," in data


def test_medians_are_taken_figure_by_figure() -> None:
    runs = [{"a": n, "deep": {"b": -n}, "holds": True} for n in (3, 1, 2)]
    assert medians(runs) == {"a": 2, "deep": {"b": -2}}


def test_the_limit_of_open_files_is_raised_as_far_as_allowed() -> None:
    import resource

    allowed = files.more()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, allowed)
