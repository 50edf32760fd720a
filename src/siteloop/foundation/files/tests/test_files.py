"""Evidence: kept by content, served by scope, found again when reused."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from siteloop.foundation.authority.models import Account, Organisation, Post, Role
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.files import store
from siteloop.foundation.files.models import Evidence
from siteloop.foundation.files.store import file_under, keep, path_of
from siteloop.framework.action import Refused
from siteloop.framework.testing import caller
from siteloop.framework.viewer import Viewer

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def upload(body: bytes = PNG, name: str = "现场.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


@pytest.mark.django_db
@pytest.mark.requirement("SEC-08")
def test_a_photo_used_before_is_found() -> None:
    viewer = Viewer(user=None, name="t", is_system=True)
    first = keep(viewer, upload())
    second = keep(viewer, upload(name="另一张.png"))
    assert second.reused_of_id == first.pk
    assert path_of(first.sha256).read_bytes() == PNG
    assert len(first.sm3) == 64


@pytest.mark.django_db
def test_the_bytes_decide_what_a_file_is() -> None:
    with pytest.raises(Refused) as no:
        keep(Viewer(user=None, name="t", is_system=True), upload(b"MZ not a picture", "x.png"))
    assert no.value.status == 422


@pytest.mark.django_db
def test_a_file_is_served_to_those_who_may_see_it() -> None:
    mine, stranger = caller(["*"], "330482"), caller(["*"], "330411")
    row = keep(Viewer(user=None, name="t", is_system=True), upload(), region_code="330482")
    answer = mine.html.get(row.url)
    assert b"".join(answer.streaming_content) == PNG
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert stranger.html.get(row.url).status_code == 404
    assert Evidence.objects.unscoped("test").count() == 1


@pytest.mark.django_db
def test_what_proves_a_record_is_seen_by_whoever_sees_the_record_and_serves_one_project() -> None:
    row = keep(Viewer(user=None, name="t", is_system=True), upload())
    county = caller(["*"], "330482")
    assert county.html.get(row.url).status_code == 404
    file_under([row], 7, "330482")
    assert county.html.get(row.url).status_code == 200
    with pytest.raises(Refused, match="其他项目"):
        file_under([row], 8, "330482")


def member(organisation: Organisation) -> Viewer:
    account = Account(username=f"u{Account.objects.count()}", display_name="某人")
    account.set_unusable_password()
    account.save()
    role, _ = Role._base_manager.get_or_create(code="member", title="职员", permissions=["*"], sees="region")
    Post(account=account, organisation=organisation, role=role, title="岗位", region_code="330482").save()
    return viewer_for(account)


@pytest.mark.django_db
@pytest.mark.requirement("SEC-08")
def test_a_colleagues_upload_can_be_attached_until_it_proves_a_record() -> None:
    bodies = [
        Organisation._base_manager.create(name=name, kind="supervision_body", region_code="330482")
        for name in ("甲质监站", "乙质监站")
    ]
    uploader, colleague, stranger = member(bodies[0]), member(bodies[0]), member(bodies[1])
    row = keep(uploader, upload())
    assert row.organisation_id == bodies[0].pk
    for insider in (uploader, colleague):
        assert Evidence.objects.visible_to(insider).filter(pk=row.pk).exists()
    assert not Evidence.objects.visible_to(stranger).filter(pk=row.pk).exists()
    file_under([row], 7, "330411")
    assert not Evidence.objects.visible_to(colleague).filter(pk=row.pk).exists()
    assert Evidence.objects.visible_to(uploader).filter(pk=row.pk).exists()


def test_a_voice_note_of_a_telephone_without_webm_is_kept_and_text_is_not() -> None:
    assert store.content_type_of(b"\x00\x00\x00\x1cftypM4A \x00\x00") == "video/mp4"
    assert store.content_type_of(b"\x00\x00\x00\x1cabcdM4A \x00\x00") is None
