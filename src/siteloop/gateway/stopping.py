"""A cancellation that something below swallowed is raised again.

The client of the bus turns a cancellation into "connection closed" when its connection is being closed, and `asyncio.wait_for` of
Python 3.11 loses one that comes together with the answer. A loop that lives through lost connections would then live for ever,
and whoever waits for its end with it: the slots of sink and judge are handed on that way.
"""

import asyncio


def heed() -> None:
    """Raises CancelledError when the running task was told to end and goes on all the same."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
