"""Ports given out are nobody else's until their process ends."""

import fcntl
import multiprocessing
import socket
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from siteloop.gateway import ports


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[range]:
    """Four ports in a row that nobody has, and nothing given out yet."""
    for first in range(31_000, 31_900, 10):
        few = range(first, first + 4)
        if all(ports._is_unbound(n) and n not in ports._ours for n in few):
            monkeypatch.setattr(ports, "SAFE", few)
            monkeypatch.setattr(ports, "_ours", set())
            yield few
            claims = ports._claims()
            assert claims is not None
            for port in few:
                fcntl.lockf(claims, fcntl.LOCK_UN, 1, port)
            return
    raise AssertionError("no four free ports in a row")


def test_no_port_is_given_twice_and_none_that_is_bound(narrow: range) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", narrow[0]))
        assert {ports.free() for _ in range(3)} == set(narrow[1:])
        with pytest.raises(OSError, match="no free port"):
            ports.free()


def test_a_port_given_to_another_process_is_left_alone_until_that_ends(narrow: range) -> None:
    taken, done = multiprocessing.Pipe()
    other = multiprocessing.get_context("fork").Process(target=_take_three, args=(done,))
    other.start()
    assert taken.poll(20), "the other process was given its three"
    theirs = taken.recv()
    assert ports.free() == (set(narrow) - theirs).pop()
    with pytest.raises(OSError, match="no free port"):
        ports.free()
    taken.send("end")
    other.join()
    assert ports.free() in theirs


def _take_three(done: Connection) -> None:
    done.send({ports.free() for _ in range(3)})
    done.recv()
