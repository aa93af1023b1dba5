from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.evaluation.interleave import credit, team_draft
from digest.evaluation.replay import Showing
from tests.unit.evaluation.test_replay import NOW, occasion

LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(LISTS, LISTS, st.integers(0, 10), st.integers(0, 1000))
def test_each_team_adds_its_best_and_neither_is_more_than_one_ahead(
    first: list[str], second: list[str], most: int, seed: int
) -> None:
    drafted = team_draft((first, second), most, np.random.default_rng(seed))
    keys = [key for key, _ in drafted]
    assert len(keys) == len(set(keys)) == min(most, len({*first, *second}))
    for place, (key, team) in enumerate(drafted):
        mine = (first, second)[team]
        assert key == next(one for one in mine if one not in keys[:place])
    both = min(len(first), len(second))
    teams = [team for _, team in drafted][:both]
    assert abs(teams.count(0) - teams.count(1)) <= 1


def test_a_coin_says_who_begins() -> None:
    begins = [team_draft(("a", "b"), 1, np.random.default_rng(seed))[0][1] for seed in range(400)]
    assert 0.4 < np.mean(begins) < 0.6


def showing(ranker: str, *keys: str, reader: int = 1, more: str = "", less: str = "") -> Showing:
    return Showing(NOW, ranker, occasion(*keys, reader=reader, more=more, less=less), keys, None)


def test_a_paper_that_is_wanted_is_credited_to_the_team_that_chose_it() -> None:
    said = {"more": "p0 p1", "less": "p4"}
    found = credit(
        ("good", "bad"),
        [showing("good", "p0", "p1", **said), showing("bad", "p4", "p5", **said)],
        seed=1,
    )
    # Two places: one each, and the first of the other's list is unwanted.
    assert found.papers == (1, 1)
    assert (found.more, found.less) == ((1, 0), (0, 1))
    assert (found.wins, found.ties) == ((1, 0), 0)
    assert found.lead is not None
    assert found.lead.mean == 0.5


def test_the_same_list_twice_is_fair() -> None:
    both = [
        showing(name, "p0", "p1", "p2", "p3", reader=reader, more="p0 p2")
        for name in ("one", "other")
        for reader in range(300)
    ]
    found = credit(("one", "other"), both, seed=1)
    assert sum(found.wins) + found.ties == 300
    assert found.lead is not None
    assert found.lead.low < 0 < found.lead.high
    assert found.papers == (600, 600)


def test_nothing_shown_gives_no_lead() -> None:
    found = credit(("one", "other"), [], seed=1)
    assert (found.lead, found.ties) == (None, 0)


def test_the_same_seed_drafts_the_same() -> None:
    lists = (list("abcd"), list("dcba"))
    one, other = (team_draft(lists, 4, np.random.default_rng(5)) for _ in range(2))
    assert one == other
    assert one != pytest.approx([])
