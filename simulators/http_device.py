"""A device that posts its readings over HTTP, several in one upload when it was offline."""

import asyncio
import json
from http import HTTPStatus

from simulators.device import Behaviour, Device

MOST = 500  # readings an upload


class HttpDevice(Device):
    """One device of any profile; `refused` counts readings the platform would not have."""

    def __init__(
        self,
        address: tuple[str, int],
        code: str,
        token: str,
        behave: Behaviour,
        profile: str = "dust",
        interval_s: float = 60.0,
        first_s: float = 0.0,
    ) -> None:
        super().__init__(address, code, behave, interval_s, first_s)
        self.token, self.profile = token, profile
        self.refused = 0
        self._fresh = asyncio.Event()

    def word(self, said: dict[str, float], at_us: int) -> tuple[str, bytes]:
        """One JSON object."""
        return str(at_us), json.dumps({"at": at_us // 1000, **said}).encode()

    def sendable(self) -> None:
        """Post now."""
        self._fresh.set()

    async def talk(self) -> None:
        """Post what is there, until the network fails."""
        while True:
            self.is_online = True
            while self.unconfirmed:
                await self._upload(list(self.unconfirmed)[:MOST])
            self._fresh.clear()
            await self._fresh.wait()

    async def _upload(self, keys: list[str]) -> None:
        body = b"[" + b",".join(self.unconfirmed[key][0] for key in keys) + b"]"
        status, answer = await self._post(f"/api/v1/intake/{self.profile}", body)
        if status not in (
            HTTPStatus.ACCEPTED,
            HTTPStatus.OK,
            HTTPStatus.MULTI_STATUS,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ):
            raise ConnectionError(f"HTTP {status}")
        self.refused += len(json.loads(answer).get("errors", []))
        for key in keys:
            self.confirm(key)

    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """(status, body) of one POST on a connection of its own. Raises OSError or EOFError."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            head = (
                f"POST {path} HTTP/1.1\r\nHost: {self.address[0]}\r\nAuthorization: Bearer {self.code}:{self.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            status = int((await reader.readline()).split()[1])
            size = 0
            while (line := (await reader.readline()).strip()) != b"":
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            return status, await reader.readexactly(size)
        except (IndexError, ValueError) as wrong:
            raise ConnectionError(f"no HTTP answer: {wrong}") from wrong
        finally:
            writer.close()
