"""A photo that cannot be read never stops a document; the readable ones stay in it."""

import datetime as dt
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
import typst
from pypdf import PdfReader

from siteloop.foundation.documents import setting

AT = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)


def _png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head, line = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0), b"\x00" + b"\x80" * 8
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(line * 8)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _sheet(*blocks: dict[str, Any]) -> dict[str, Any]:
    empty = ("authority", "title", "number", "addressee", "copies_to", "date", "code", "url")
    return {name: name for name in empty} | {
        "qr": setting.qr_svg("x"),
        "sealed": True,
        "blocks": list(blocks),
    }


def test_a_broken_photo_is_left_out_and_the_others_stay(settings: Any, tmp_path: Path) -> None:
    settings.FILES = tmp_path
    (tmp_path / "good").write_bytes(_png())
    (tmp_path / "broken").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 40)
    photos = {"block": "pictures", "items": [["/good", "GOODPHOTO"], ["/broken", "BROKENPHOTO"]]}
    page = PdfReader(io.BytesIO(setting.pdf(_sheet(photos), AT))).pages[0]
    assert "GOODPHOTO" in page.extract_text()
    assert "BROKENPHOTO" not in page.extract_text()
    assert len(page.images) >= 1


def test_a_fault_that_is_no_photos_goes_up(settings: Any, tmp_path: Path) -> None:
    settings.FILES = tmp_path
    with pytest.raises(typst.TypstError):
        setting.pdf({**_sheet(), "qr": "no svg"}, AT)
