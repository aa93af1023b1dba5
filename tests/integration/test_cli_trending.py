"""`digest trending`, over some days of a site, on a real database."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from digest.model import Signal, SignalName
from tests.support.desk import Desk, desk
from tests.support.samples import NOW, paper

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def seen(
    at: Desk, number: int, value: int, *, listed: datetime, when: Iterable[datetime], field: str
) -> None:
    """Write a paper with a count that grows to `value` at several times."""
    one = paper(f"arxiv:2611.{number:05d}", title=f"On subject {number}", categories=(field,))
    times = list(when)
    with closing(at.open()) as store, store.write() as tx:
        tx.papers.add([one], source="hub", listed_at=listed)
        tx.signals.record(
            Signal(one.key, "hub", SignalName.UPVOTES, value * place // len(times), moment)
            for place, moment in enumerate(times, 1)
        )


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    """Return a desk with sixty papers of earlier days and two of today."""
    made = desk(tmp_path)
    for number in range(60):
        listed = NOW - (2 + number // 3) * DAY
        field = "cs.RO" if number % 2 else "cs.CL"
        value = number % 4 if number % 2 else number
        seen(made, number, value, listed=listed, when=[listed + HOUR], field=field)
    for number, field in ((100, "cs.RO"), (101, "cs.CL")):
        times = [NOW - 25 * HOUR, NOW - HOUR]
        seen(made, number, 40, listed=NOW - 26 * HOUR, when=times, field=field)
    return made


def test_the_same_votes_are_more_where_votes_are_rare(at: Desk) -> None:
    found = at.ask("trending")
    assert (found["window"], found["papers"]) == ("day", 2)
    first, second = found["trending"]
    assert (first["category"], second["category"]) == ("cs.RO", "cs.CL")
    assert first["why"] == "+20 upvotes since yesterday, top 4 % of cs.RO"
    assert "strengths" not in first


def test_every_number_of_the_score_is_shown(at: Desk) -> None:
    first = at.ask("trending", "--explain", "--limit", "1")["trending"][0]
    (one,) = first["strengths"]
    heat = sum(gain["number"] * 0.5 ** gain["days"] for gain in one["gains"])
    assert one["heat"] == pytest.approx(heat)
    everywhere, field = one["everywhere"], one["field"]
    share = 1 / (1 + 19 * heat / 50)
    share = (everywhere["as_hot"] + 20 * share) / (everywhere["papers"] + 20)
    share = (field["as_hot"] + 20 * share) / (field["papers"] + 20)
    odds = min((1 - share) / (19 * share), 4 * heat / 50)
    assert first["score"] == pytest.approx(odds / (1 + odds), abs=1e-6)
    shown = at.do("trending", "--explain").stdout
    assert f"heat {heat:.2f} of 50: plain odds {heat / 50:.3f}" in shown
    assert (
        f"of {field['papers']} papers of cs.RO at that age {field['as_hot']} were as hot" in shown
    )


def test_a_category_and_a_window_can_be_chosen(at: Desk) -> None:
    week = at.ask("trending", "--window", "week", "--category", "cs.RO")
    assert {one["category"] for one in week["trending"]} == {"cs.RO"}
    assert week["papers"] > 2
    assert at.ask("trending", "--category", "CS")["papers"] == 2
    table = at.do("trending").stdout
    assert "On subject 100" in table
    assert "top 4 % of cs.RO" in table
    assert "1 paper was looked at" in at.do("trending", "--category", "cs.RO").stderr


def test_an_earlier_moment_knows_nothing_of_later_ones(at: Desk) -> None:
    before = at.ask("trending", "--now", (NOW - 2 * DAY).isoformat())
    assert all(one["paper"] < "arxiv:2611.00100" for one in before["trending"])


def test_over_a_weekend_a_day_is_the_last_one_with_papers(at: Desk) -> None:
    shown = at.ask("trending", "--now", (NOW + 2 * DAY).isoformat())
    assert [one["category"] for one in shown["trending"]] == ["cs.RO", "cs.CL"]


def test_an_empty_list_says_why(at: Desk, tmp_path: Path) -> None:
    none = at.do("trending", "--category", "math").stderr
    assert "at 2 others: a longer --window looks further back" in none
    assert "longer" not in at.do("trending", "--category", "math", "--window", "month").stderr
    assert at.ask("trending", "--category", "math")["trending"] == []
    (tmp_path / "new").mkdir()
    new = desk(tmp_path / "new")
    assert "there are no papers yet" in new.do("trending").stderr
    with closing(new.open()) as store, store.write() as tx:
        tx.papers.add([paper("x:silent")], source="hub", listed_at=NOW - HOUR)
    assert "no figure of any paper has moved" in new.do("trending").stderr
    later = new.do("trending", "--window", "week", "--now", (NOW + 9 * DAY).isoformat()).stderr
    assert "no paper was announced since 2026-11-24 06:00:00Z" in later


def test_topics_that_rise_are_shown_with_their_papers(at: Desk) -> None:
    assert "no topic is in clearly more titles" in at.do("trending", "--topics").stderr
    with closing(at.open()) as store, store.write() as tx:
        for number in range(6):
            title = f"Bay{number}: tidal turbines"
            one = paper(f"x:tide{number}", title=title)
            tx.papers.add([one], source="hub", listed_at=NOW - HOUR)
    (topic,) = at.ask("trending", "--topics")
    assert (topic["name"], topic["papers"]) == (
        "tidal turbines",
        [f"x:tide{number}" for number in range(6)],
    )
    assert topic["titles"][-1] == 6
    assert "tidal turbines" in at.do("trending", "--topics").stdout
