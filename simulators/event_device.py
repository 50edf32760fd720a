"""A camera or gate on the line: pushes over real HTTP as its maker does, proves itself, and repeats what was not taken."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

import httpx

from simulators.camera import Camera
from simulators.scene import scene

KEPT = 50  # pushes that wait for the network
AGAIN_S = 5.0
LOOK_S = 0.2
#: maker -> (what it tells of, how it proves itself)
MAKERS: dict[str, tuple[tuple[str, ...], Callable[[str, str], httpx.Auth]]] = {
    "hikvision": (("linedetection", "fielddetection", "VMD"), httpx.DigestAuth),
    "dahua": (("SmokeDetection", "VideoMotion"), httpx.BasicAuth),
    "plain": (("no_helmet", "fire", "intrusion"), httpx.BasicAuth),
    "gate": (("passage",), httpx.DigestAuth),
}


class EventDevice:
    """One device. A sign of life every `alive_s`, something to tell every `event_s` on average; `run()` until cancelled."""

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        token: str,
        maker: str,
        alive_s: float = 60.0,
        event_s: float = 180.0,
        seed: int = 0,
        answer_s: float = 15.0,
    ) -> None:
        self.base, self.code, self.maker = f"http://{address[0]}:{address[1]}", code, maker
        self.alive_s, self.event_s, self.answer_s = alive_s, event_s, answer_s
        self.camera, self.dice = Camera(code), random.Random(seed or code)
        self.words, proof = MAKERS[maker]
        self.proof = proof(code, token)
        self.path = f"/api/v1/intake/events/{'hikvision' if maker == 'gate' else maker}"
        self.waiting: deque[tuple[str, bytes]] = deque(maxlen=KEPT)
        self.accepted = 0

    async def run(self) -> None:
        """Watch and push."""
        async with (
            asyncio.TaskGroup() as group,
            httpx.AsyncClient(base_url=self.base, timeout=self.answer_s) as client,
        ):
            group.create_task(self._watch())
            await self._push(client)

    async def _watch(self) -> None:
        alive, told = 0.0, time.monotonic() + self.dice.uniform(0, self.event_s / 3)
        while True:
            now = time.monotonic()
            if now >= alive:
                self.waiting.append(self.camera.alive(self._kind, time.time_ns() // 1000))
                alive = now + self.alive_s
            if now >= told:
                self.waiting.append(self.something(time.time_ns() // 1000))
                told = now + self.dice.uniform(0.5, 1.5) * self.event_s
            await asyncio.sleep(min(0.5, self.alive_s, self.event_s))

    @property
    def _kind(self) -> str:
        return "hikvision" if self.maker == "gate" else self.maker

    def something(self, at_us: int) -> tuple[str, bytes]:
        """An event of this maker, with what the camera saw."""
        word, is_in = self.dice.choice(self.words), self.dice.random() < 0.5
        if self.maker == "gate":
            return self.camera.hikvision_gate(f"DEMO{self.dice.randrange(100, 140)}", at_us, is_in)
        make = {"hikvision": self.camera.hikvision, "dahua": self.camera.dahua, "plain": self.camera.plain}
        return make[self.maker](word, at_us, scene(self.dice.randrange(1 << 30)))

    def comes_again(self, status: int) -> bool:
        """Whether a push so answered has to be sent again; 0 = no answer. 401: not yet known; 5xx: not on disk."""
        return not status or status == HTTPStatus.UNAUTHORIZED or status >= HTTPStatus.INTERNAL_SERVER_ERROR

    async def post(self, client: httpx.AsyncClient, content_type: str, body: bytes) -> int:
        """The status of one push, 0 without an answer."""
        headers = {"Content-Type": content_type}
        try:
            answer = await client.post(self.path, content=body, headers=headers, auth=self.proof)
        except httpx.HTTPError:
            return 0
        return answer.status_code

    async def _push(self, client: httpx.AsyncClient) -> None:
        while True:
            if not self.waiting:
                await asyncio.sleep(LOOK_S)
                continue
            status = await self.post(client, *self.waiting[0])
            if self.comes_again(status):
                await asyncio.sleep(AGAIN_S)
                continue
            self.waiting.popleft()
            self.accepted += status == HTTPStatus.OK
