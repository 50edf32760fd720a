"""A phone without a screen: it speaks to the server as sync.js does."""

import hashlib
import json
import struct
import zlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from siteloop.framework.rest.tokens import issue


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


#: one white pixel
PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    (
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(b"\0\xff\xff\xff")),
        _chunk(b"IEND", b""),
    )
)


class Phone:
    """One account's phone."""

    def __init__(self, account: Any) -> None:
        self.token = {"HTTP_AUTHORIZATION": f"Bearer {issue(account)}"}

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        answer = Client().get(path, **self.token)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def record(self, key: str) -> dict[str, Any]:
        """One record of today's tasks."""
        return next(r for r in self.get("/api/v1/field/tasks")["records"] if r["key"] == key)

    def act(self, record: dict[str, Any], code: str, data: dict[str, Any], key: str, base: str = "") -> Any:
        """An act on a record, based on the version seen."""
        more = {"HTTP_IF_MATCH": base} if base else {}
        return Client().post(
            f"{record['api']}/actions/{code}",
            json.dumps(data),
            content_type="application/json",
            HTTP_IDEMPOTENCY_KEY=key,
            **self.token,
            **more,
        )

    def upload(self, key: str, body: bytes = PNG, sha256: str = "", **more: Any) -> Any:
        """A file with its digest."""
        file = SimpleUploadedFile("现场.png", body, "image/png")
        digest = sha256 or hashlib.sha256(body).hexdigest()
        return Client().post(
            "/api/v1/field/files",
            {"file": file, "sha256": digest, **more},
            HTTP_IDEMPOTENCY_KEY=key,
            **self.token,
        )
