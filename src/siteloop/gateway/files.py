"""Open files: a listener holds one a connection, and the usual soft limit of 1,024 would end at that many devices."""

import resource


def more() -> int:
    """Raise the soft limit of open files to the hard one; returns what is allowed now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
