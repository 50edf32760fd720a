"""The printed documents of a drawn check: notice, record table, order to correct, demerit notice (DRAND-09, DRAND-11)."""

from collections.abc import Callable

from siteloop.foundation.documents.kind import Content, Kind
from siteloop.systems.double_random.documents import words
from siteloop.systems.double_random.models import CheckTask

WHY = "a document that is issued anew is composed from its record"
NOTICE = "double_random.notice"
RECORD = "double_random.record"
ORDER = "double_random.order"
DEMERIT = "double_random.demerit"


def _anew(compose: Callable[[CheckTask], Content]) -> Callable[[int], Content]:
    def of(key: int) -> Content:
        related = ("draw__plan", "project", "leader", "case")
        return compose(CheckTask.objects.unscoped(WHY).select_related(*related).get(pk=key))

    return of


def _kind(code: str, title: str, title_en: str, word: str, compose: Callable[[CheckTask], Content]) -> Kind:
    return Kind(code, "double_random", title, title_en, word, _anew(compose))


KINDS = (
    _kind(NOTICE, "双随机检查通知书", "Check notice", "双检", words.notice),
    _kind(RECORD, "建设工程质量监管双随机抽查记录表", "Double-random record", "双录", words.record),
    _kind(ORDER, "责令改正通知单", "Order to correct", "双改", words.order),
    _kind(DEMERIT, "违规事实记分告知单", "Demerit notice", "双分", words.demerit),
)
