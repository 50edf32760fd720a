"""Ports of this machine for what is started without a port of its own: engines, doors between roles, programs under trial."""

import fcntl
import os
import secrets
import socket
import tempfile
from functools import cache
from pathlib import Path

#: below what systems hand out to connections that go out: a port found free here is not gone by the time it is used
SAFE = range(20_000, 32_000)
_ours: set[int] = set()


def free() -> int:
    """A loopback port that nobody listens on and that no living process was given by this function. Raises OSError.

    From the asking to the listening it can take a minute on a busy machine: until then the claim keeps others off.
    """
    for _ in range(200):
        port = secrets.choice(SAFE)
        if port not in _ours and _is_unbound(port) and _claimed(port):
            _ours.add(port)
            return port
    raise OSError("no free port on the loopback interface")


def _is_unbound(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _claimed(port: int) -> bool:
    """Lock the byte of that number in a file all our processes know; the system gives it back when this process ends."""
    claims = _claims()
    if claims is None:
        return True
    try:
        fcntl.lockf(claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _claims() -> int | None:
    """The file, open for good (closing it anywhere would end all claims); None where it cannot be written."""
    path = Path(tempfile.gettempdir()) / f"siteloop-ports-{os.geteuid()}"
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
