"""Facts about how earlier papers of a name did."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from digest.ranking.repute import Past, Repute

DAY = date(2026, 3, 2)


def test_a_new_name_is_usual() -> None:
    assert Repute().past("author:ada", DAY) == Past(0, 0)


def test_one_lucky_paper_makes_nobody_famous() -> None:
    repute = Repute()
    repute.note(["author:ada"], DAY, 3.0)
    for _ in range(9):
        repute.note(["author:bob"], DAY, 3.0)
    ada, bob = (repute.past(f"author:{name}", DAY) for name in ("ada", "bob"))
    assert ada == Past(1, 0.75)
    assert bob.worth > 2 * ada.worth


def test_a_paper_of_long_ago_counts_less() -> None:
    repute = Repute()
    repute.note(["author:ada"], DAY, 3.0)
    later = repute.past("author:ada", DAY + timedelta(days=500))
    assert later.papers == pytest.approx(0.5)
    assert later.worth == pytest.approx(1.5 / 3.5)


def test_a_name_that_stands_twice_on_a_paper_counts_once() -> None:
    repute = Repute()
    repute.note(["author:ada", "author:ada"], DAY, 3.0)
    assert repute.past("author:ada", DAY).papers == 1
