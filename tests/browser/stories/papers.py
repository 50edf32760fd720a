"""Photos and papers that people upload: small, real, and no two alike."""

import itertools
import struct
import zlib

from playwright.sync_api import FilePayload

_turn = itertools.count(1)


def photo(name: str = "现场.png") -> FilePayload:
    """A picture of 96 × 64 in a colour of its own."""
    width, height, turn = 96, 64, next(_turn)
    row = b"\0" + bytes((turn * 53 % 256, turn * 29 % 256, turn % 256)) * width

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    return {"name": name, "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + body}


def paper(name: str) -> FilePayload:
    """A PDF of one empty page."""
    body = f"%PDF-1.4\n% {name} {next(_turn)}\n".encode() + (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    return {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": body}
