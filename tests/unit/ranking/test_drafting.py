from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.drafting import team_draft

LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(LISTS, LISTS, st.integers(0, 10), st.integers(0, 1000))
def test_each_team_adds_its_best_and_neither_is_more_than_one_ahead(
    first: list[str], second: list[str], most: int, seed: int
) -> None:
    drafted = team_draft((first, second), most, np.random.default_rng(seed))
    keys = list(drafted)
    assert len(keys) == min(most, len({*first, *second}))
    for place, (key, team) in enumerate(drafted.items()):
        mine = (first, second)[team]
        assert key == next(one for one in mine if one not in keys[:place])
    teams = list(drafted.values())[: min(len(first), len(second))]
    assert abs(teams.count(0) - teams.count(1)) <= 1


def test_a_coin_says_who_begins() -> None:
    begins = [
        *(team_draft(("a", "b"), 1, np.random.default_rng(seed)) for seed in range(400)),
    ]
    assert 0.4 < np.mean([draft == {"b": 1} for draft in begins]) < 0.6


def test_what_does_not_fit_is_passed_over() -> None:
    drafted = team_draft(
        ("abc", "Abd"),
        4,
        np.random.default_rng(1),
        fits=lambda one, those: one.lower() not in {each.lower() for each in those},
    )
    assert {key.lower() for key in drafted} == set("abcd")
    assert len(drafted) == 4


def test_the_same_coin_drafts_the_same() -> None:
    one, other, third = (
        list(team_draft(("abcdef", "fedcba"), 6, np.random.default_rng(seed)).items())
        for seed in (5, 5, 6)
    )
    assert one == other != third
