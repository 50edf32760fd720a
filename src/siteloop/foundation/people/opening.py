"""Opening masked data: for a stated purpose, and told in the trail."""

from dataclasses import dataclass

from django.db import transaction

from siteloop.foundation.people.models import Person
from siteloop.framework import trail
from siteloop.framework.action import Refused
from siteloop.framework.perform import require
from siteloop.framework.viewer import Viewer


@dataclass(frozen=True)
class Opened:
    """A person's data in clear."""

    name: str
    id_number: str
    phone: str


def open_person(viewer: Viewer, person: Person, purpose: str) -> Opened:
    """Raises Refused without permission `people.person.open` (403), without a purpose (422), out of scope (404)
    or when the data are erased (409)."""
    require(viewer, "people.person.open")
    if len(purpose.strip()) < 4:
        raise Refused("请写明查看用途", status=422, errors={"purpose": ["请写明查看用途"]})
    with transaction.atomic():
        row = Person.objects.visible_to(viewer).filter(pk=person.pk).first()
        if row is None:
            raise Refused("记录不存在", status=404)
        if row.erased_at is not None:
            raise Refused("个人信息已清除")
        trail.record(
            viewer, "people.person.open", row, f"{viewer.name}查看{row}的个人信息：{purpose}", reason=purpose
        )
    return Opened(row.name, row.id_number, row.phone)
