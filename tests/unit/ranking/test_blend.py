from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Paper
from digest.ranking import Likeness, choose
from digest.ranking.blend import balance, blend
from tests.unit.ranking.samples import papers

Scored = tuple[float, str, str]  # score, title, abstract
LIKENESS = Likeness(papers(30))
# Papers of few titles: there is always one that says the same.
CROWD_LIKENESS = Likeness([Paper(f"p:{n}", f"title of {n % 7} kinds") for n in range(60)])


def scored(score: float, title: str, abstract: str = "") -> Scored:
    return score, title, abstract


def digest(given: Sequence[Scored], *, max_papers: int, diversity: float) -> list[str]:
    """Return the titles that are chosen."""
    (columns,) = choose(
        np.array([[score for score, *_ in given]], np.float32),
        Likeness([Paper(f"p:{n}", *texts) for n, (_, *texts) in enumerate(given)]),
        max_papers=[max_papers],
        diversity=diversity,
    )
    return [given[column][1] for column in columns]


def test_the_weaker_part_is_raised_to_the_level_of_the_stronger() -> None:
    relevance = np.array([[0.2, 0.1, 0.0], [0.9, 0.8, 0.7], [0.0, 0.0, 0.0]], np.float32)
    trending = np.array([0.0, 0.3, 0.3], np.float32)
    ours, theirs = balance(relevance, trending)
    assert ours.ravel().tolist() == pytest.approx([2, 1, 1])
    # Threefold at most, and the third has nothing to raise it to.
    assert theirs.ravel().tolist() == pytest.approx([1, 3, 1])


def test_nothing_is_raised_above_one() -> None:
    ours, _ = balance(np.array([[0.6, 0.0, 0.0]], np.float32), np.ones(3, np.float32))
    assert ours.item() * 0.6 == pytest.approx(1)


def test_no_papers_need_no_balance() -> None:
    ours, theirs = balance(np.empty((2, 0), np.float32), np.empty(0, np.float32))
    assert ours.tolist() == theirs.tolist() == [[1], [1]]


def test_relevance_and_trending_are_weighed() -> None:
    score = blend(np.array([0.8]), np.array([0.4]), weight=0.25, discount=np.array([1.0]))
    assert np.allclose(score, 0.75 * 0.8 + 0.25 * 0.4)


def test_a_discount_takes_from_both() -> None:
    score = blend(np.array([0.8]), np.array([0.4]), weight=0.5, discount=np.array([0.5]))
    assert np.allclose(score, 0.3)


@pytest.mark.parametrize("titles", [["alpha", "beta"], ["alpha", "alpha"]])
def test_what_is_worth_nothing_is_out(titles: list[str]) -> None:
    given_ = [scored(0.3, "gamma"), *(scored(0, title) for title in titles)]
    assert digest(given_, max_papers=2, diversity=0.3) == ["gamma"]


def test_without_diversity_the_order_is_that_of_the_scores() -> None:
    given_ = [scored(0.2, "beta same words"), scored(0.9, "alpha"), scored(0.3, "gamma same words")]
    chosen = digest(given_, max_papers=2, diversity=0)
    assert chosen == ["alpha", "gamma same words"]


def test_diversity_lets_another_subject_pass() -> None:
    given_ = [
        scored(0.90, "soft gripper", "soft robot gripper grasp"),
        scored(0.89, "robot gripper", "soft robot gripper grasp objects"),
        scored(0.80, "dusty galaxy", "halo redshift telescope"),
    ]
    plain = digest(given_, max_papers=2, diversity=0)
    spread = digest(given_, max_papers=2, diversity=0.5)
    assert plain == ["soft gripper", "robot gripper"]
    assert spread == ["soft gripper", "dusty galaxy"]


# The interest that leads each of some papers: two ask for the same, one for nothing.
LEADS = np.array([0, 0, 0, 1, 1, -1])
SCORES = np.array([[0.9, 0.89, 0.88, 0.84, 0.7, 0.6]], np.float32)


def led(leads: np.ndarray, *, max_papers: int, rows: int = 1) -> list[list[int]]:
    return choose(
        np.repeat(SCORES, rows, axis=0),
        Likeness([Paper(f"p:{n}", f"word{n}") for n in range(6)]),
        max_papers=[max_papers] * rows,
        diversity=0.3,
        leading=lambda columns: leads[columns],
    )


def test_an_interest_makes_way_for_others_as_far_as_it_fills_the_digest() -> None:
    # A third of the places takes a twelfth of 0.89, which is then below 0.84.
    assert led(LEADS, max_papers=3) == [[0, 3, 1]]
    assert led(np.zeros_like(LEADS), max_papers=3) == [[0, 1, 2]]


def test_what_no_interest_leads_makes_way_for_nothing() -> None:
    assert led(np.full_like(LEADS, -1), max_papers=3) == [[0, 1, 2]]
    assert led(np.array([0, -1, 0, 1, 1, -1]), max_papers=3) == [[0, 1, 3]]


def test_equal_papers_keep_their_order_as_long_as_they_are_no_more_alike_than_usual() -> None:
    common = [scored(0.5, f"alpha{n}", f"field beta{n} gamma{n} delta{n}") for n in range(4)]
    alone = scored(0.5, "omega", "psi chi phi rho")
    titles = digest([*common, alone], max_papers=4, diversity=0.3)
    assert titles == ["alpha0", "alpha1", "alpha2", "alpha3"]


def test_nearly_the_same_title_never_stands_twice() -> None:
    twins = [scored(0.9, "A Study of Soft Robots"), scored(0.8, "A study of soft robots.")]
    for diversity in (0.0, 0.3):
        chosen = digest([*twins, scored(0.1, "galaxies")], max_papers=3, diversity=diversity)
        assert chosen == ["A Study of Soft Robots", "galaxies"]


def test_a_flood_of_twins_does_not_hide_what_comes_after() -> None:
    flood = [scored(0.9, "soft robots")] * 200
    for diversity in (0.0, 0.3):
        chosen = digest([*flood, scored(0.2, "galaxies")], max_papers=2, diversity=diversity)
        assert chosen == ["soft robots", "galaxies"]


def test_titles_without_a_word_are_compared_as_they_stand() -> None:
    given_ = [scored(0.9, "???"), scored(0.8, "!!!"), scored(0.7, "???")]
    assert digest(given_, max_papers=3, diversity=0.3) == ["???", "!!!"]


@given(
    st.lists(st.floats(0, 1, width=32), max_size=30),
    st.integers(1, 12),
    st.floats(0, 1),
)
def test_choices_keep_to_the_limits(scores: list[float], most: int, diversity: float) -> None:
    given_ = [
        scored(score, paper.title, paper.abstract)
        for paper, score in zip(papers(30), scores, strict=False)
    ]
    value = {title: score for score, title, _ in given_}
    chosen = digest(given_, max_papers=most, diversity=diversity)
    assert len(chosen) == min(most, sum(score > 0 for score in scores))
    assert len(set(chosen)) == len(chosen)
    assert all(value[title] > 0 for title in chosen)
    if chosen:
        assert value[chosen[0]] == max(scores)
    assert chosen == digest(given_, max_papers=most, diversity=diversity)


@given(
    st.lists(
        st.lists(st.floats(-1, 1, width=32), min_size=30, max_size=30), min_size=1, max_size=6
    ),
    st.lists(st.integers(1, 12), min_size=6, max_size=6),
    st.floats(0, 1),
)
def test_a_digest_is_the_same_alone_and_among_others(
    scores: list[list[float]], most: list[int], diversity: float
) -> None:
    def chosen(rows: slice) -> list[list[int]]:
        return choose(
            np.array(scores, np.float32)[rows],
            LIKENESS,
            max_papers=most[: len(scores)][rows],
            diversity=diversity,
            leading=lambda columns: columns % 3 - 1,
        )

    assert chosen(slice(None)) == [chosen(slice(n, n + 1))[0] for n in range(len(scores))]


@given(
    st.lists(st.floats(0, 1, width=32), min_size=60, max_size=60),
    st.integers(1, 3),
    st.floats(0, 1),
)
def test_each_place_goes_to_the_best_that_is_unlike_those_above(
    scores: list[float], most: int, diversity: float
) -> None:
    (chosen,) = choose(
        np.array([scores], np.float32),
        CROWD_LIKENESS,
        max_papers=[most],
        diversity=diversity,
        leading=lambda columns: columns % 3 - 1,
    )
    # The same by the letter of the docstring, one paper at a time.
    ranked = sorted((n for n, score in enumerate(scores) if score > 0), key=lambda n: -scores[n])
    pool, later = ranked[: 4 * most + 20], ranked[4 * most + 20 :]
    expected: list[int] = []
    while len(expected) < most:
        for some in (pool, later):
            free = [n for n in some if all(alike(n, other) >= 0 for other in expected)]
            if free:
                break
        else:
            break
        if some is later:
            expected.append(free[0])
            continue

        def value(n: int) -> float:
            nearest = max((max(0, alike(n, one) - 0.25) / 0.75 for one in expected), default=0.0)
            mine = [other % 3 for other in expected if n % 3].count(n % 3)
            return float(scores[n] * (1.0 - diversity * nearest) * (1.0 - 0.25 * mine / most))

        expected.append(max(free, key=value))
    assert chosen == expected


def alike(one: int, other: int) -> float:
    return float(CROWD_LIKENESS.of(np.array([one]), np.array([other]))[0])
