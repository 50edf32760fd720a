"""The printed documents of inspection: their kinds and their words."""

from collections.abc import Callable

from siteloop.foundation.documents.kind import Content, Kind
from siteloop.systems.inspection.documents import orders, records
from siteloop.systems.inspection.models import Inspection, Order, Penalty

WHY = "a document that is issued anew is composed from its record"
#: kind -> words of an order
_ORDERS: dict[str, Callable[[Order], Content]] = {
    "inspection.rectification": orders.rectification,
    "inspection.stop_partial": orders.stop,
    "inspection.stop_full": orders.stop,
    "inspection.resume": orders.resume,
    "inspection.criticism": orders.criticism,
    "inspection.talk": orders.talk,
    "inspection.demerit": orders.demerit,
    "inspection.transfer": orders.transfer,
}


def composed(kind: str, order: Order) -> Content:
    """The words of one kind for an order. Raises KeyError."""
    return _ORDERS[kind](order)


def _anew(kind: str) -> Callable[[int], Content]:
    def compose(key: int) -> Content:
        related = ("measure", "project", "site", "addressee", "authority", "document")
        return composed(kind, Order.objects.unscoped(WHY).select_related(*related).get(pk=key))

    return compose


def _record(key: int) -> Content:
    return records.record(Inspection.objects.unscoped(WHY).select_related("site", "project").get(pk=key))


def _decision(key: int) -> Content:
    related = ("order", "party", "measure", "project")
    return records.decision(Penalty.objects.unscoped(WHY).select_related(*related).get(pk=key))


def _kind(code: str, title: str, title_en: str, word: str) -> Kind:
    return Kind(f"inspection.{code}", "inspection", title, title_en, word, _anew(f"inspection.{code}"))


KINDS = (
    _kind("rectification", "责令整改通知书", "Order to rectify", "监改"),
    _kind("stop_partial", "局部停工整改通知书", "Partial stop-work order", "监局停"),
    _kind("stop_full", "停工整改通知书", "Stop-work order", "监停"),
    _kind("resume", "复工通知书", "Resume order", "监复"),
    _kind("criticism", "通报批评决定书", "Public criticism", "监通"),
    _kind("talk", "约谈通知书", "Summons talk", "监约"),
    _kind("demerit", "项目经理记分告知书", "Demerit notice", "监分"),
    _kind("transfer", "案件移送书", "Transfer to penalty", "监移"),
    Kind("inspection.record", "inspection", "监督检查记录", "Inspection record", "监检", _record),
    Kind("inspection.decision", "inspection", "行政处罚决定书", "Penalty decision", "罚决", _decision),
)
