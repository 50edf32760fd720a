"""Setting a document as PDF: typst with the letters of the locked font package, nothing of the machine it runs on."""

import datetime as dt
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import pylopdf_fonts_zh_cn
import typst
from django.conf import settings

from siteloop.kernel.times import SHANGHAI

MASTER = Path(__file__).with_name("master.typ")
#: PDF/A-2u: for the archive, text can be copied and searched
STANDARD: Literal["a-2u"] = "a-2u"
_DIGITS = "〇一二三四五六七八九"


@lru_cache(maxsize=1)
def letters() -> typst.Fonts:
    """Noto Serif SC (宋体) and Noto Sans SC (黑体); the same everywhere, no system font is asked."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(pylopdf_fonts_zh_cn.serif_path().parent)],
    )


def chinese_date(day: dt.date) -> str:
    """2026年3月5日, as documents are dated (GB/T 9704-2012 §7.3.5.4: Arabic figures, no leading zero)."""
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_year(year: int) -> str:
    """二〇二六, for long forms."""
    return "".join(_DIGITS[int(d)] for d in str(year))


def qr_svg(text: str) -> str:
    """QR code with a fifth of redundancy, so that a stamped or folded sheet still reads."""
    import segno  # not needed by the many processes that never print

    return str(segno.make(text, error="q", micro=False).svg_inline(scale=4, border=0))


def qr_png(text: str) -> bytes:
    """The same as PNG, for Word."""
    import io

    import segno

    out = io.BytesIO()
    segno.make(text, error="q", micro=False).save(out, kind="png", scale=8, border=0)
    return out.getvalue()


def pdf(sheet: dict[str, Any], issued_at: dt.datetime) -> bytes:
    """The PDF of a sheet (`store.sheet`). The same sheet gives the same bytes; a photo that cannot be read is left out.

    Raises typst.TypstError.
    """
    try:
        return _set(sheet, issued_at)
    except typst.TypstError:
        readable = _with_photos(sheet, lambda photo: _can_be_set(sheet, photo, issued_at))
        if readable == sheet:
            raise
        return _set(readable, issued_at)


def _with_photos(sheet: dict[str, Any], keep: Callable[[Any], bool]) -> dict[str, Any]:
    blocks = [
        {**b, "items": [photo for photo in b["items"] if keep(photo)]} if b["block"] == "pictures" else b
        for b in sheet["blocks"]
    ]
    return {**sheet, "blocks": blocks}


def _can_be_set(sheet: dict[str, Any], photo: Any, issued_at: dt.datetime) -> bool:
    try:
        _set({**sheet, "blocks": [{"block": "pictures", "items": [photo]}]}, issued_at)
    except typst.TypstError:
        return False
    return True


def _set(sheet: dict[str, Any], issued_at: dt.datetime) -> bytes:
    stamp = issued_at.astimezone(SHANGHAI).replace(microsecond=0)
    files = Path(settings.FILES)
    setter = typst.Compiler(
        MASTER.read_bytes(),
        # photos are read from here and from nowhere else
        root=files if files.exists() else MASTER.parent,
        font_paths=letters(),
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(sheet, ensure_ascii=False)},
    )
    made = setter.compile(pdf_standards=[STANDARD], timestamp=int(stamp.timestamp()))
    assert isinstance(made, bytes), "without an output path the bytes come back"
    return made
