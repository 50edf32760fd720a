"""After-checks: the lot falls by the certificate's code, somebody else looks, what fails is put right and re-checked."""

from hashlib import sha256

import pytest

from siteloop.foundation.authority.models import Account
from siteloop.foundation.authority.viewers import viewer_for
from siteloop.foundation.cases import actions as casework
from siteloop.foundation.cases import engine
from siteloop.foundation.cases.models import Case
from siteloop.foundation.documents.models import Document
from siteloop.foundation.packs.models import Pack, PackValue
from siteloop.framework.action import Refused
from siteloop.framework.perform import perform
from siteloop.framework.viewer import Viewer
from siteloop.systems.acceptance import actions, after, settings
from siteloop.systems.acceptance.models import AfterCheck, Application, Officer
from siteloop.systems.acceptance.tests.conftest import HOME, WHY, Window, account, again, evidence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BIZ-05", "FIRE-01")]


def share(percent: int) -> None:
    """The county's own share of fire applications."""
    pack = Pack(code="county", title="县", region_code=HOME)
    pack.save()
    PackValue(pack=pack, key="acceptance.check_share", value={"fire": percent}, title="比例").save()


def checker(window: Window, name: str = "核查员") -> Account:
    """Somebody who checks and accepts nothing."""
    row = account(name, window.body, window.head.posts.get().role)
    does = {"does_quality": False, "does_safety": False, "does_checks": True}
    Officer(account=row, organisation=window.body, region_code=HOME, **does).save()
    return row


def granted(window: Window) -> Application:
    row = window.accepted(kind="fire")
    perform(actions.grant, window.officer(row), row, {"opinion": "符合要求"})
    return again(row)


def drawn(window: Window) -> tuple[AfterCheck, Case, Viewer]:
    """An after-check, its case and who was drawn to make it."""
    share(100)
    who = checker(window)
    check = AfterCheck.objects.unscoped(WHY).get(application=granted(window))
    assert check.case is not None and check.checker == who
    return check, check.case, viewer_for(who)


def test_the_lot_is_computed_again_from_the_certificate_alone(window: Window) -> None:
    share(40)
    checker(window)
    hits = 0
    for _ in range(3):
        row = granted(window)
        code = Document.objects.unscoped(WHY).get(kind="acceptance.certificate", subject_id=row.pk).code
        number = int(sha256(code.encode()).hexdigest()[:8], 16) % 100
        assert f"余 {number}，抽取比例 40%" in row.lot and code in row.lot
        hit = AfterCheck.objects.unscoped(WHY).filter(application=row).exists()
        assert hit is (number < 40) and ("未抽中" in row.lot) is not hit
        hits += hit
    assert AfterCheck.objects.unscoped(WHY).count() == hits


def test_lots_fall_evenly() -> None:
    numbers = [after.lot(f"CODE{n}") for n in range(2000)]
    assert min(numbers) == 0 and max(numbers) == 99
    assert after.lot("7K2M9QX4TB6WZ3NR8VHD") == 7, "the example of docs/algorithms/after-check.md"
    assert 340 < sum(n < 20 for n in numbers) < 460


def test_where_no_share_is_stated_nothing_is_drawn(window: Window) -> None:
    share(0)
    assert granted(window).lot == ""
    assert not AfterCheck.objects.unscoped(WHY).exists()
    assert settings.check_share("quality", HOME) == 0, "the county's word is the whole word"


def test_who_handled_it_does_not_check_it(window: Window) -> None:
    share(100)
    Officer.objects.unscoped(WHY).update(does_checks=True)
    row = granted(window)
    check = AfterCheck.objects.unscoped(WHY).get(application=row)
    assert check.checker is not None and row.officer is not None
    assert check.checker.pk != row.officer.pk
    assert check.case is not None
    with pytest.raises(Refused):
        perform(casework.pass_check, viewer_for(row.officer), check.case, {"body": "合格"})


def test_what_is_found_good_is_closed_and_told_in_writing(window: Window) -> None:
    check, case, who = drawn(window)
    perform(casework.pass_check, who, case, {"body": "现场与图纸一致"})
    check = again(check)
    assert (check.state, check.was_failed, again(case).words) == ("passed", False, "核查合格")
    said = str(Document.objects.unscoped(WHY).get(kind="acceptance.after_check").content)
    assert "现场与图纸一致" in said and check.application.lot in said and "经整改" not in said


def test_what_fails_is_put_right_by_the_applicant_and_rechecked(window: Window) -> None:
    check, case, who = drawn(window)
    perform(casework.fail_check, who, case, {"body": "防火门未装闭门器"})
    assert (again(check).state, again(check).was_failed) == ("mending", True)
    with pytest.raises(Refused):
        perform(casework.reply, who, again(case), {"body": "代为整改"})
    proof = [evidence(check.application.project, window.firm).pk]
    perform(casework.reply, window.unit, again(case), {"body": "已安装", "evidence": proof})
    assert again(check).state == "rechecking"
    perform(casework.fail_check, who, again(case), {"body": "仍缺两樘"})
    assert again(check).state == "mending"
    perform(casework.reply, window.unit, again(case), {"body": "已补装", "evidence": proof})
    perform(casework.pass_check, who, again(case), {"body": "整改到位"})
    assert (again(check).state, again(case).state) == ("mended", "closed")
    assert "经整改复查合格" in str(Document.objects.unscoped(WHY).get(kind="acceptance.after_check").content)


def test_a_check_that_is_not_made_in_time_goes_up(window: Window) -> None:
    check, case, _ = drawn(window)
    assert case.deadline is not None
    engine.fire_deadlines(case.deadline)
    assert (again(case).step, again(case).is_overdue) == ("check_late", True)
    assert again(check).state == "drawn"


def test_a_cancelled_case_ends_its_check(window: Window) -> None:
    check, case, _ = drawn(window)
    perform(casework.cancel, viewer_for(window.head), case, {"body": "项目停建"})
    assert again(check).state == "void"
