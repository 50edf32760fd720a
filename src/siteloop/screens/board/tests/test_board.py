"""The board shows the monitors in scope and filters them."""

import pytest

from siteloop.foundation.registry.tests import rows
from siteloop.framework.testing import caller
from siteloop.screens.board import views


@pytest.mark.django_db
@pytest.mark.requirement("DUST-10", "DUST-15")
def test_the_board_lists_monitors_in_scope(fast_plane: None) -> None:
    mine, foreign = rows.device("330482"), rows.device("330411")
    page = caller(["*"], "330482").html.get("/board/").content.decode()
    assert mine.code in page or f"/places/devices/{mine.pk}/" in page
    assert f"/places/devices/{foreign.pk}/" not in page
    assert (
        "没有符合条件的监测点" in caller(["*"], "330482").html.get("/board/?search=没有这个").content.decode()
    )


@pytest.mark.django_db
def test_without_the_right_the_refusal_is_a_page(fast_plane: None) -> None:
    assert caller(["notice.notice.view"], "330482").html.get("/board/").status_code == 403


@pytest.mark.django_db
def test_a_city_of_monitors_comes_in_pages(fast_plane: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PER_PAGE", 2)
    made = [rows.device("330482") for _ in range(3)]
    officer = caller(["*"], "330482").html
    pages = [officer.get(f"/board/?page={n}").content.decode() for n in (1, 2)]
    for device in made:
        assert sum(f"/places/devices/{device.pk}/" in page for page in pages) == 1
    assert 'rel="next"' in pages[0]
    assert "3/3" in pages[1]
    assert officer.get("/board/?page=nonsense").status_code == 200
