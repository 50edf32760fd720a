"""Child processes that never outlive their parent."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """In the child: be told to stop when the parent is gone, whatever killed it (Linux)."""
    if hasattr(signal, "SIGTERM") and os.name == "posix":
        libc = ctypes.CDLL(None, use_errno=True)
        if hasattr(libc, "prctl"):
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def start(
    command: list[str],
    log: Path,
    env: dict[str, str] | None = None,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that writes to `log`; `user` only when we are root."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own commands
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=env,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            preexec_fn=die_with_parent,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
    """Ask, wait, then kill."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Poll until ready; False when the time is over or the child has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.05)
    return False


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(host: str, port: int) -> bool:
    """Whether somebody answers there."""
    try:
        with socket.create_connection((host, port), 0.3):
            return True
    except OSError:
        return False


def tail(log: Path, lines: int = 3) -> str:
    """The end of a log, for the sentence about a failed start."""
    try:
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return ""
