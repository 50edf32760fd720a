"""The printed documents of the system: their kinds, and which text belongs to which."""

from collections.abc import Callable
from typing import Any

from siteloop.foundation.documents.kind import Content, Kind
from siteloop.framework.scope import ScopedModel
from siteloop.systems.supervisor_firms.documents import words
from siteloop.systems.supervisor_firms.models import (
    DangerReport,
    FirmCheck,
    Misconduct,
    SideRecord,
    SupervisionReport,
)

WHY = "a document that is issued anew is composed from its record"
_WORDS: dict[str, Callable[[Any], Content]] = {
    "report": words.report,
    "danger": words.danger,
    "receipt": words.receipt,
    "side": words.side,
    "shortage": words.shortage,
    "telling": words.telling,
}


def composed(what: str, row: ScopedModel) -> Content:
    """The words of one kind. Raises KeyError."""
    return _WORDS[what](row)


def _kind(what: str, model: type[ScopedModel], title: str, title_en: str, word: str) -> Kind:
    def anew(key: int) -> Content:
        return composed(what, model.objects.unscoped(WHY).get(pk=key))

    return Kind(f"supervisor_firms.{what}", "supervisor_firms", title, title_en, word, anew)


KINDS = (
    _kind("report", SupervisionReport, "监理报告", "Supervision report", "监理报"),
    _kind("danger", DangerReport, "监理隐患报告", "Danger report", "监理隐"),
    _kind("receipt", DangerReport, "监理报告签收回执", "Receipt of a danger report", "监理收"),
    _kind("side", SideRecord, "旁站监理记录", "Side supervision record", "监理旁"),
    _kind("shortage", FirmCheck, "监理企业资质限期整改告知书", "Notice to put right", "监理核"),
    _kind("telling", Misconduct, "不良行为记录告知书", "Notice of bad behaviour", "监理告"),
)
