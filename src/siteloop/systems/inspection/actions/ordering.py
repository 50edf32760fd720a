"""Orders are given, moved to the penalty procedure, taken back."""

from siteloop.foundation.cases import engine as case_engine
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.systems.inspection import engine
from siteloop.systems.inspection.actions.answering import case_of
from siteloop.systems.inspection.actions.checking import is_open
from siteloop.systems.inspection.models import (
    Inspection,
    Measure,
    Order,
    OrderState,
)

MEASURE = Input("measure", "措施", "Measure", kind="reference", reference="inspection.Measure", required=True)


PART = Input("part", "停工部位", "Part stopped", help="局部停工必填")


POINTS = Input("points", "扣分", "Points", kind="number", help="项目经理扣分必填")


def _points(act: Act) -> int | None:
    value = act.data.get("points")
    if value is None:
        return None
    if value != int(value) or not 0 < value <= 100:
        raise Refused("扣分须为 1–100 的整数", status=422, errors={"points": ["须为 1–100 的整数"]})
    return int(value)


def _order(act: Act) -> str:
    lines = engine.unordered(act.obj)
    if not lines:
        raise Refused("没有待处理的不符合项")
    act.obj.guard(act.viewer)
    order = engine.issue(
        act.viewer,
        act.data["measure"],
        act.obj.site,
        engine.items_of(lines),
        inspection=act.obj,
        part=act.data.get("part") or "",
        points=_points(act),
    )
    for line in lines:
        line.order = order
        line.save(update_fields=["order"])
    return f"已开具{order}，{len(lines)} 项问题，已送达项目"


order_from_inspection = Action(
    "order",
    "开具文书",
    "Give an order",
    Inspection,
    _order,
    fields=(MEASURE, PART, POINTS),
    available=lambda i, v: is_open(i, v) and bool(engine.unordered(i)),
    log="{actor}对{obj}开具文书：{measure}",
    event="order_issued",
)


def _issue(act: Act) -> str:
    item = {
        "problem": act.data["problem"],
        "basis": act.data.get("basis") or "",
        "demand": act.data.get("demand") or "",
    }
    order = engine.issue(
        act.viewer,
        act.data["measure"],
        act.data["site"],
        [item],
        part=act.data.get("part") or "",
        points=_points(act),
    )
    return f"已开具{order}，已送达项目"


issue = Action(
    "issue",
    "直接开具",
    "Give an order",
    Order,
    _issue,
    fields=(
        Input("site", "工地", "Site", kind="reference", reference="registry.Site", required=True),
        MEASURE,
        Input("problem", "存在问题", "Problem", kind="multiline", required=True),
        Input("basis", "依据", "Basis"),
        Input("demand", "整改要求", "Demand", kind="multiline"),
        PART,
        POINTS,
    ),
    on_register=True,
    log="{actor}对{site}开具{measure}：{problem}",
    event="order_issued",
)


def _transfer(act: Act) -> str:
    order: Order = act.obj
    measure = Measure.objects.unscoped("the catalogue is the same for everybody").get(code="transfer")
    items = [{**i, "demand": "移送行政处罚"} for i in order.items]
    moved = engine.issue(act.viewer, measure, order.site, items, parent=order, addressee=order.addressee)
    return f"已移送：{moved.number}"


transfer = Action(
    "transfer",
    "移交行政处罚",
    "Transfer to penalty",
    Order,
    _transfer,
    available=lambda o, v: (
        o.measure.kind in ("order", "stop")
        and o.state != OrderState.WITHDRAWN
        and not o.children.filter(measure__code="transfer").exclude(state=OrderState.WITHDRAWN).exists()
    ),
    confirm="将制作案件移送书并进入行政处罚程序，原整改要求不变。确定吗？",
    danger=True,
    log="{actor}将{obj}移交行政处罚",
    event="order_transferred",
)


def _withdraw(act: Act) -> str:
    order: Order = act.obj
    case = case_of(order)
    if case.state in case_engine.OPEN_STATES:
        case_engine.cancel(case, act.viewer, act.data["reason"])  # the loop takes the order back
        order.refresh_from_db()
    else:
        engine.withdraw(order, act.data["reason"])
    return "已撤回，文书已作废"


withdraw = Action(
    "withdraw",
    "撤回",
    "Withdraw",
    Order,
    _withdraw,
    fields=(Input("reason", "原因", "Reason", kind="multiline", required=True),),
    available=lambda o, v: o.state in engine.RUNNING,
    confirm="误开才可撤回：文书作废、派单撤销、锁定解除。确定吗？",
    danger=True,
    log="{actor}撤回{obj}：{reason}",
    event="order_withdrawn",
)
