"""What people do about the term of personal data: look again, erase one, erase all that are due."""

from django.db.models import F
from django.utils import timezone

from siteloop.foundation.people import retention
from siteloop.foundation.people.models import Certificate, Person, Retention
from siteloop.framework.action import Act, Action, Input, Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer

WHY = "what is erased was shown to the viewer before"
REASON = Input("reason", "理由", "Reason", kind="multiline", required=True)


def _erase(act: Act) -> str:
    """Overwrite all that tells who it was; id, unit, region and dates stay, so that records keep their reference."""
    person: Person = act.obj
    need = retention.needs().get(person.pk)
    if need:
        raise Refused(f"仍需保存：{need}")
    for erase in retention.ERASERS:
        erase(person)
    person.name = person.id_number = person.phone = ""
    # no fingerprint is left by which a known number could be recognised
    person.id_hash = f"erased:{person.pk}"
    person.account = None
    person.retention, person.needed_for = Retention.ERASED, ""
    person.erased_at = timezone.now()
    person.save()
    Certificate.objects.unscoped("certificates of a person that was visible").filter(person=person).update(
        number=""
    )
    return "个人信息已清除"


def _left(person: Person, viewer: Viewer) -> bool:
    return person.erased_at is None


erase = Action(
    "erase",
    "清除个人信息",
    "Erase personal data",
    Person,
    _erase,
    fields=(REASON,),
    available=_left,
    confirm="姓名、身份证号、电话、证书编号将被永久清除，不能恢复。确定吗？",
    danger=True,
    log="{actor}清除{obj}的个人信息：{reason}",
    event="person_erased",
)


def _look_again(act: Act) -> str:
    found = retention.mark()
    return "、".join(f"{state.label} {found[state]} 人" for state in Retention if found[state]) or "没有人员"


look_again = Action(
    "look_again",
    "复核保存期限",
    "Check the terms",
    Person,
    _look_again,
    on_register=True,
    log="{actor}复核人员信息保存期限",
)


def due(viewer: Viewer) -> list[Person]:
    """People whose data are due today, in the viewer's scope: exactly what `erase_due` would erase."""
    retention.mark()
    rows = Person.objects.visible_to(viewer).filter(retention=Retention.DUE, erased_at__isnull=True)
    return list(rows.select_related("organisation").order_by(F("due_on").asc(nulls_last=True), "pk"))


def _erase_due(act: Act) -> str:
    found = due(act.viewer)
    stated = act.data["count"]
    if stated != len(found):
        raise Refused(
            f"现有到期 {len(found)} 人，与您填写的 {stated} 人不符，请先查看“已到期”名单",
            status=422,
            errors={"count": [f"现有到期 {len(found)} 人"]},
        )
    for person in found:
        perform(erase, act.viewer, person, {"reason": act.data["reason"]}, reason=act.data["reason"])
    return f"已清除 {len(found)} 人的个人信息"


erase_due = Action(
    "erase_due",
    "清除到期信息",
    "Erase what is due",
    Person,
    _erase_due,
    fields=(
        Input(
            "count",
            "到期人数",
            "Number of people",
            kind="number",
            required=True,
            help="请先按“保存状态＝已到期”查看名单，并在此填写人数",
        ),
        REASON,
    ),
    on_register=True,
    confirm="名单内人员的个人信息将被永久清除，不能恢复。确定吗？",
    danger=True,
    log="{actor}清除到期人员信息 {count} 人：{reason}",
)
