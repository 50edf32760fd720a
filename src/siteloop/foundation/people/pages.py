"""Registers of people and their certificates; personal data stay masked."""

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
    ),
    filters=("organisation",),
    search=("organisation__name",),
    form=("name", "id_number", "phone", "organisation", "region_code", "keep_until"),
    related=("organisation",),
    api_fields=("id", "masked_name", "masked_id", "organisation", "region_code"),
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
