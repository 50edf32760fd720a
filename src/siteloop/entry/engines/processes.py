"""Child processes that never outlive their parent."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from siteloop.entry.trouble import Trouble

_PR_SET_PDEATHSIG = 1


_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


def die_with_parent(how: signal.Signals = signal.SIGTERM, parent: int = 0) -> None:
    """In the child, after any change of user: be told to stop when the parent is gone, whatever killed it (Linux)."""
    if _libc is None or not hasattr(_libc, "prctl"):
        return
    _libc.prctl(_PR_SET_PDEATHSIG, int(how), 0, 0, 0)
    if parent and os.getppid() != parent:  # it was gone before we asked
        os.kill(os.getpid(), how)


def start(
    command: list[str],
    log: Path,
    env: dict[str, str] | None = None,
    user: str | None = None,
    orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child that writes to `log`; `user` only when we are root; `orphaned` is its signal when we are gone."""
    us = os.getpid()
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
            preexec_fn=lambda: die_with_parent(orphaned, us),
            cwd="/" if user else None,
            start_new_session=True,
        )


def is_running(pid: int, words: str) -> bool:
    """Whether the process lives and its command line holds `words` (its number may have been given to another)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc/self").exists()
    return words.encode() in line.replace(b"\0", b" ")


def clear_away(pid: int, words: str, *how: signal.Signals) -> None:
    """See off a process left over by a killed supervisor: wait, then the given signals, ten seconds each."""
    for signum in (None, *how):
        if signum is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
        if wait_until_gone(pid, words, 10 if signum else 2):
            return


def wait_until_gone(pid: int, words: str, seconds: float) -> bool:
    """Whether the process ended in time."""
    until = time.monotonic() + seconds
    while is_running(pid, words):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def stop(
    process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, patience: float = 10.0
) -> None:
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


def listens(host: str, port: int) -> bool:
    """Whether somebody answers there."""
    try:
        with socket.create_connection((host, port), 0.3):
            return True
    except OSError:
        return False


def greeting(host: str, port: int) -> str:
    """The first line a server says by itself; "" when it says nothing."""
    try:
        with socket.create_connection((host, port), timeout=2) as asked:
            return asked.makefile("r", encoding="utf-8", errors="replace").readline()
    except OSError:
        return ""


def address(text: str) -> tuple[str, int]:
    """ "host:port" as a pair. Raises Trouble."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise Trouble(f"地址 {text} 应写作 主机:端口", f"address {text} must be host:port")
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


def least_free() -> int:
    """Bytes that must be free where an engine starts."""
    return int(os.environ.get("SITELOOP_LEAST_FREE_MB", "1024")) * 1024**2


def ensure_room(folder: Path) -> None:
    """An engine that fills the disk stops in the middle of a write. Raises Trouble below 1 GiB (SITELOOP_LEAST_FREE_MB)."""
    least, free = least_free() // 1024**2, shutil.disk_usage(folder).free // 1024**2
    if free < least:
        raise Trouble(
            f"磁盘空间不足：{folder} 所在磁盘仅剩 {free} MB，至少需要 {least} MB",
            f"the disk is nearly full: {free} MB left at {folder}, {least} MB needed",
        )


def tail(log: Path, lines: int = 3) -> str:
    """The end of a log, for the sentence about a failed start."""
    try:
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-lines:])
    except OSError:
        return ""
