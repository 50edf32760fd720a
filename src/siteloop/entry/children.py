"""How child processes are started so that none outlives us, and how strange ones are told apart. Linux first."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def dies_with_parent(how: int = signal.SIGTERM, parent: int = 0) -> None:
    """Ask the kernel to signal this process when its parent is gone. Call after a change of user, which clears it."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, how, 0, 0, 0)
    if parent and os.getppid() != parent:
        os.kill(os.getpid(), how)


def before_exec(how: int) -> Callable[[], None]:
    """A `preexec_fn` for engines, which cannot ask by themselves."""
    parent = os.getpid()
    return lambda: dies_with_parent(how, parent)


def is_running(pid: int, words: str) -> bool:
    """Whether the process exists and its command line holds `words` (a process number may have been given anew)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    with contextlib.suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return words in line
    return sys.platform != "linux"


def address(text: str) -> tuple[str, int]:
    """ "host:port" as a pair."""
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


def is_free(host: str, port: int) -> bool:
    """Whether a TCP port can be bound now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port nobody holds at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
