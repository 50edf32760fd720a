"""Large arrays come and go many times a second in the fast roles: the C library keeps their memory instead of giving it back."""

import contextlib
import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # of glibc's mallopt
MIB = 1024 * 1024


def keep() -> bool:
    """Whether the C library could be told; elsewhere nothing changes.

    Otherwise every array above 128 KiB is mapped anew and cleared page by page by the kernel: a fifth of the judge's time.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        tell = ctypes.CDLL(None).mallopt
        return all([tell(MMAP_THRESHOLD, 32 * MIB), tell(TRIM_THRESHOLD, 128 * MIB), tell(ARENA_MAX, 2)])
    return False
