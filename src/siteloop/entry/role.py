"""One role in its own process: `python -m siteloop.entry.role web|live|listener|sink|judge|worker|edge`."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from siteloop.entry import measuring

LAST_S = 6.0  # for cleaning up after being told to stop
ROLES = ("listener", "sink", "judge", "live", "web", "worker")
EDGE = "edge"  # at a site, and alone there
PEOPLES = ("web", "live")  # somebody sits before a screen and waits
GREATER_SHARE = -5  # as `nice` counts


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run until the work ends or SIGTERM comes; then cancel it and let it clean up."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)

    def told() -> None:
        # engines may have gone first and something wait for them for ever; nothing here is lost by an abrupt end
        patience = threading.Timer(LAST_S, os._exit, (0,))
        patience.daemon = True
        patience.start()
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    try:
        await task
    except asyncio.CancelledError:
        return


def _fast(name: str) -> None:
    import uvloop

    from siteloop.entry import wiring
    from siteloop.gateway import allocating, roles

    allocating.keep()
    settings = wiring.gateway_settings()
    if name == "judge":
        from siteloop.entry.detectors import detectors

        work = roles.judge(settings, detectors())
    elif name == "live":
        from siteloop.entry.live_access import authorise

        work = roles.live(settings, authorise)
    else:
        work = {"listener": roles.listener, "sink": roles.sink, EDGE: roles.edge}[name](settings)
    uvloop.run(_until_told(work))


def _web() -> None:
    import uvicorn

    from siteloop.entry import environment
    from siteloop.entry.engines import processes
    from siteloop.gateway.listeners.patience import PatientHttp

    host, port = processes.address(environment.read().http)
    uvicorn.run(
        "siteloop.entry.asgi:application",
        host=host,
        port=port,
        http=PatientHttp,
        log_level="warning",
        access_log=False,
        lifespan="off",
        # open event streams must not hold up a stop
        timeout_graceful_shutdown=3,
    )


def _before_bulk() -> None:
    """Ask for a greater share of the processors than what works for nobody's eyes, where we may (root, or LimitNICE of the unit).

    Linux shares its processors by session, and each role is one; so the session asks, and for systems without that the process.
    """
    with contextlib.suppress(OSError):
        os.nice(GREATER_SHARE)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(GREATER_SHARE))


def main(name: str) -> int:
    """Run a role until it is told to stop."""
    logging.basicConfig(
        level=os.environ.get("SITELOOP_LOG", "WARNING"),
        format=f"%(asctime)s %(levelname)s {name} %(message)s",
    )
    if name in PEOPLES:
        _before_bulk()
    if name != "web":
        measuring.serve(name)
    if name == "web":
        _web()
    elif name == "worker":
        from siteloop.entry.worker import run

        asyncio.run(_until_told(run()))
    else:
        _fast(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
