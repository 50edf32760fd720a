"""Values of the packs in words: no code, no bracket of a program, in either language."""

import re
import tomllib
from typing import Any

import pytest
from django.utils import translation

from siteloop.foundation.packs import wording
from siteloop.foundation.packs.codes import CODES
from siteloop.foundation.packs.loading import FOLDER
from siteloop.foundation.packs.models import PackValue


def rows() -> list[PackValue]:
    found = []
    for path in sorted(FOLDER.rglob("*.toml")):
        for row in tomllib.loads(path.read_text("utf-8")).get("value", []):
            found.append(PackValue(key=row["key"], value=row["value"], unit=row.get("unit", "")))
    return found


def _keys(stated: Any) -> set[str]:
    if isinstance(stated, dict):
        return set(stated) | {k for v in stated.values() for k in _keys(v)}
    return {k for v in stated for k in _keys(v)} if isinstance(stated, list) else set()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_value_of_a_pack_is_words_and_no_code(language: str) -> None:
    with translation.override(language):
        for row in rows():
            said = wording.value(row)
            assert not re.search(r"[\[\]]|': |\bTrue\b|\bFalse\b", said), (row.key, said)
            coded = {k for k in _keys(row.value) if "_" in k and re.search(rf"\b{k}\b", said)}
            assert not coded, (row.key, coded)
            assert _keys(row.value) <= wording.PARAMETERS.keys() | CODES.keys(), row.key


def test_a_list_of_codes_and_a_table_in_a_table_are_read() -> None:
    row = PackValue(
        value={
            "fire": [{"title": "申请表", "may_promise": True}],
            "permit": ["tender"],
            "weights": {"steps": 60},
        }
    )
    assert wording.value(row) == "消防 申请表（可承诺补交），施工许可 招投标，权重（按期处置 60）"
