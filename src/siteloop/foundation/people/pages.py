"""Registers of people and their certificates; personal data stay masked."""

from siteloop.foundation.people import actions
from siteloop.foundation.people.models import Certificate, Person
from siteloop.framework.page import Column, Page

people = Page(
    model=Person,
    code="people",
    title="人员",
    title_en="People",
    icon="users",
    columns=(
        Column("masked_name", title="姓名", title_en="Name", link=True),
        Column("masked_id", title="身份证号", title_en="ID number"),
        Column("masked_phone", title="电话", title_en="Phone"),
        "organisation",
        "region_code",
        Column("retention", kind="state"),
        "needed_for",
        "due_on",
    ),
    filters=("organisation", "retention", "due_on"),
    search=("organisation__name",),
    form=("name", "id_number", "phone", "organisation", "region_code", "keep_until"),
    related=("organisation",),
    actions=(actions.erase, actions.look_again, actions.erase_due),
    api_fields=(
        "id",
        "masked_name",
        "masked_id",
        "organisation",
        "region_code",
        "retention",
        "needed_for",
        "due_on",
        "erased_at",
    ),
    help="个人信息只在需要时保存：离场后按当地期限到期，列入“已到期”名单，30 天后自动清除；需要延期时填写“保存至”。",
)
certificates = Page(
    model=Certificate,
    code="certificates",
    title="人员证书",
    title_en="Certificates",
    icon="certificate",
    columns=(Column("kind", link=True), "person", "number", "valid_until"),
    filters=("valid_until",),
    search=("kind", "number"),
    form=("person", "kind", "number", "valid_until"),
    related=("person",),
)
