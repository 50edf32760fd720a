"""Role worker: jobs and schedules (procrastinate), the inbox of findings, the clock of the cases, news to the live plane."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import nats
import psycopg
from asgiref.sync import sync_to_async
from nats.aio.client import Client
from nats.errors import Error as NatsError
from procrastinate.exceptions import ConnectorException

from siteloop.entry import environment
from siteloop.entry.migrating import django_ready

log = logging.getLogger("siteloop.worker")


async def run() -> None:
    """All of it, until cancelled."""
    await asyncio.to_thread(django_ready)
    await _publish()
    async with asyncio.TaskGroup() as group:
        group.create_task(_jobs())
        group.create_task(_inbox())
        group.create_task(_clock())


async def _publish() -> None:
    """Editions of rules may have come into force while nothing ran."""
    from siteloop.foundation.registry.publish import publish_registry

    await sync_to_async(_guarded(publish_registry, "publishing the registry"), thread_sensitive=True)()


async def _jobs() -> None:
    from django.conf import settings
    from procrastinate import PsycopgConnector
    from procrastinate.contrib.django import app

    assert settings.PROCRASTINATE_AUTODISCOVER_MODULE_NAME == "jobs", "jobs are found by name"
    dsn = environment.read().database_url
    while True:
        try:
            with app.replace_connector(PsycopgConnector(conninfo=dsn)) as own:
                async with own.open_async():
                    await own.run_worker_async(
                        install_signal_handlers=False,
                        concurrency=2,
                        delete_jobs="successful",
                        task_middleware=[_with_fresh_connection],
                    )
        except (psycopg.OperationalError, ConnectorException) as lost:
            log.warning("jobs wait: %s", lost)
            await asyncio.sleep(1)


def _with_fresh_connection(call_next: Callable[[], Any], *_: object) -> Any:
    """Around every job, in its thread: a connection lost since the last one is opened anew."""
    from django.db import close_old_connections

    close_old_connections()
    try:
        return call_next()
    finally:
        close_old_connections()


async def _inbox() -> None:
    """Take findings as they come: woken by NOTIFY, and every second in case one was missed."""
    from siteloop.foundation.cases import inbox

    take = sync_to_async(_guarded(lambda: inbox.take(), "the inbox"), thread_sensitive=True)
    dsn = environment.read().database_url
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
                await connection.execute("LISTEN siteloop_finding")
                while True:
                    while await take():
                        pass
                    async for _ in connection.notifies(timeout=1, stop_after=1):
                        pass
        except psycopg.OperationalError as lost:
            log.warning("inbox waits: %s", lost)
            await asyncio.sleep(1)


async def _clock() -> None:
    """Deadlines, every second."""
    from siteloop.foundation.cases import engine

    fire = sync_to_async(
        _guarded(lambda: engine.fire_deadlines(), "the clock of the cases"), thread_sensitive=True
    )
    while True:
        await fire()
        await asyncio.sleep(1)


def _guarded(work: Callable[[], int], what: str) -> Callable[[], int]:
    """Lost connections are dropped and the work is done again; anything else is told and does not stop the role."""
    from django.db import Error, close_old_connections

    def run() -> int:
        close_old_connections()
        try:
            return int(work() or 0)
        except Error:
            log.exception("%s failed, will be tried again", what)
            close_old_connections()
            return 0
        except Exception:  # the role is one door for all cases; one fault must not shut it
            log.exception("%s raised, the role goes on", what)
            return 0

    return run


class Announcer:
    """Publishes business news on the live plane from synchronous code, through one connection in a thread of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._client: Client | None = None

    def start(self) -> None:
        """Connect in the background."""
        import threading

        threading.Thread(target=self._loop.run_forever, daemon=True, name="announcer").start()
        asyncio.run_coroutine_threadsafe(self._connect(), self._loop)

    async def _connect(self) -> None:
        while self._client is None:
            try:
                self._client = await nats.connect(
                    self.url.split(","), name="announcer", max_reconnect_attempts=-1, error_cb=_quiet
                )
            except (NatsError, OSError):
                await asyncio.sleep(1)

    def say(self, subject: str, message: dict[str, object]) -> None:
        """Publish and forget."""
        if self._client is not None:
            body = json.dumps(message, ensure_ascii=False, default=str).encode()
            asyncio.run_coroutine_threadsafe(self._client.publish(subject, body), self._loop)


async def _quiet(error: Exception) -> None:
    """Reconnecting is the client's business."""
