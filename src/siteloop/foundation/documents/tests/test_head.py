"""The head of a document: its name stands in one line as long as letters of the text's size can hold it."""

import datetime as dt
import io

import pytest
from pypdf import PdfReader

from siteloop.foundation.documents import setting

SHEET = {
    "title": "",
    "number": "平建质监字〔2026〕1号",
    "authority": "平湖市建设工程质量安全服务保障中心",
    "addressee": "",
    "blocks": [],
    "copies_to": "",
    "qr": setting.qr_svg("https://example.org"),
    "code": "ABCDEFGHJKLM",
    "url": "https://example.org/verify",
    "sealed": True,
    "date": "2026年3月5日",
}


def lines(title: str) -> list[str]:
    """What stands on one height of the page."""
    body = setting.pdf({**SHEET, "title": title}, dt.datetime(2026, 3, 5, tzinfo=dt.UTC))
    found: dict[float, str] = {}

    def note(text: str, cm: list[float], tm: list[float], _font: object, _size: float) -> None:
        height = round(cm[5] + cm[3] * tm[5])
        found[height] = found.get(height, "") + text.strip()

    PdfReader(io.BytesIO(body)).pages[0].extract_text(visitor_text=note)
    return list(found.values())


@pytest.mark.parametrize(
    "title",
    [
        "责令改正通知书",
        "建设工程质量监管双随机抽查记录表",
        "房屋建筑和市政基础设施工程质量安全监督整改通知单",
    ],
)
def test_the_title_stands_in_one_line(title: str) -> None:
    assert title in lines(title)
