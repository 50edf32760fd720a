"""The latency page: each window counts its own slots, the bar is judged on alarms at browsers, emptiness is said."""

import numpy as np
import pytest
from django.db import connection

from siteloop.framework.testing import Caller, caller
from siteloop.kernel.latency import BOUNDS, Stage, counts
from siteloop.screens.latency.views import words

VIEW = "telemetry.ledger.view"


def _slot(stage: Stage, ms: int, n: int, ago: str = "0", step: int = 10) -> None:
    bucket = int(np.flatnonzero(counts(np.array([ms * 1000])))[0])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO fast.latency (step, at, stage, bucket, n)"
            " VALUES (%s, date_bin(make_interval(secs => %s), now() - %s::interval, 'epoch'), %s, %s, %s)",
            [step, step, ago, stage.value, bucket, n],
        )


def _text(who: Caller, path: str = "/latency/") -> str:
    answer = who.html.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


def _card(text: str, stage: Stage) -> str:
    return text.split(f'data-stage="{stage.value}"')[1].split("</section>")[0]


def _upper(ms: int) -> str:
    return words(float(BOUNDS[int(np.searchsorted(BOUNDS, ms * 1000, side="right"))]))


@pytest.mark.django_db
@pytest.mark.requirement("PLAT-15")
def test_each_window_counts_its_own_slots(fast_plane: None) -> None:
    _slot(Stage.STORED, 200, 7)
    _slot(Stage.STORED, 900, 100, ago="20 minutes")
    _slot(Stage.STORED, 200, 7, step=900)
    _slot(Stage.STORED, 900, 400, ago="5 hours", step=900)
    _slot(Stage.STORED, 900, 999, ago="25 hours", step=900)
    text = _text(caller([VIEW], "330482"))
    card = _card(text, Stage.STORED)
    for n in (7, 107, 407):
        assert f'<td class="text-end">{n}</td>' in card
    assert card.count("<rect") == 2  # two minutes of the hour
    assert "—" in _card(text, Stage.FOUND)
    assert f" / {_upper(900).split()[1]} / 100" not in card
    assert "次" in text and "没有预警到达浏览器" in text


@pytest.mark.django_db
@pytest.mark.parametrize(("slow", "mark"), [(1, "达标"), (2, "未达标")])
def test_the_bar_is_held_when_99_of_100_alarms_were_within_it(fast_plane: None, slow: int, mark: str) -> None:
    _slot(Stage.SHOWN, 120, 100 - slow)
    _slot(Stage.SHOWN, 700, slow)
    text = _text(caller([VIEW], "330482"), "/latency/?part=1")
    assert f"> {mark}</span>" in text or f"</svg> {mark}" in text
    assert f'data-alarm="within">{100 - slow}%' in text
    assert "500 ms" in text


@pytest.mark.django_db
def test_nothing_received_is_said_and_links_on(fast_plane: None) -> None:
    text = _text(caller([VIEW], "330482"))
    assert "近 24 小时没有收到读数" in text
    assert 'href="/fleet/"' in text


@pytest.mark.django_db
def test_only_the_meter_is_read_again(fast_plane: None) -> None:
    _slot(Stage.DURABLE, 20, 3)
    part = _text(caller([VIEW], "330482"), "/latency/?part=1")
    assert part.startswith('<div id="meter" hx-get="/latency/?part=1" hx-trigger="every 5s"')
    assert "<html" not in part and "逐分钟" not in part


@pytest.mark.django_db
def test_who_keeps_no_books_of_the_intake_is_refused(fast_plane: None) -> None:
    assert caller(["registry.device.view"], "330482").html.get("/latency/").status_code == 403


@pytest.mark.parametrize(
    ("us", "said"),
    [
        (None, "—"),
        (420.0, "0.4 ms"),
        (38_000.0, "38 ms"),
        (999_000.0, "999 ms"),
        (1_250_000.0, "1.25 s"),
        (210e6, "3.5 min"),
        (7.56e9, "2.1 h"),
    ],
)
def test_durations_in_words(us: float | None, said: str) -> None:
    assert words(us) == said
