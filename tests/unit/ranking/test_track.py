"""Facts about how earlier papers of a name did."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from digest.ranking.track import Past, Track

DAY = date(2026, 3, 2)


def test_a_new_name_is_usual() -> None:
    assert Track().past("author:ada", DAY) == Past(0, 0)


def test_one_lucky_paper_makes_nobody_famous() -> None:
    track = Track()
    track.note(["author:ada"], DAY, 3.0)
    for _ in range(9):
        track.note(["author:bob"], DAY, 3.0)
    ada, bob = (track.past(f"author:{name}", DAY) for name in ("ada", "bob"))
    assert ada == Past(1, 1.0)
    assert bob.worth > 2 * ada.worth


def test_half_a_year_later_it_counts_half() -> None:
    track = Track()
    track.note(["author:ada"], DAY, 3.0)
    later = track.past("author:ada", DAY + timedelta(days=180))
    assert later.papers == pytest.approx(0.5)
    assert later.worth == pytest.approx(1.5 / 2.5)


def test_a_name_that_stands_twice_on_a_paper_counts_once() -> None:
    track = Track()
    track.note(["author:ada", "author:ada"], DAY, 3.0)
    assert track.past("author:ada", DAY).papers == 1
