from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digest.model import Paper, Scored
from digest.ranking import choose
from digest.ranking.blend import blend
from tests.unit.ranking.samples import papers


def scored(score: float, title: str, abstract: str = "") -> Scored:
    return Scored(Paper(f"p:{title}", title, abstract), score, score, 0.0, "why")


def titles(chosen: list[Scored]) -> list[str]:
    return [one.paper.title for one in chosen]


def test_relevance_and_trending_are_weighed() -> None:
    score = blend(np.array([0.8]), np.array([0.4]), weight=0.25, discount=np.array([1.0]))
    assert np.allclose(score, 0.75 * 0.8 + 0.25 * 0.4)


def test_a_discount_takes_from_both() -> None:
    score = blend(np.array([0.8]), np.array([0.4]), weight=0.5, discount=np.array([0.5]))
    assert np.allclose(score, 0.3)


def test_weak_papers_are_out_and_the_limit_counts_as_in() -> None:
    given_ = [scored(0.3, "alpha"), scored(0.1, "beta"), scored(0.09, "gamma")]
    assert titles(choose(given_, max_papers=5, min_score=0.1, diversity=0.3)) == ["alpha", "beta"]


def test_without_diversity_the_order_is_that_of_the_scores() -> None:
    given_ = [scored(0.2, "beta same words"), scored(0.9, "alpha"), scored(0.3, "gamma same words")]
    chosen = choose(given_, max_papers=2, min_score=0, diversity=0)
    assert titles(chosen) == ["alpha", "gamma same words"]


def test_diversity_lets_another_subject_pass() -> None:
    given_ = [
        scored(0.90, "soft gripper", "soft robot gripper grasp"),
        scored(0.89, "robot gripper", "soft robot gripper grasp objects"),
        scored(0.80, "dusty galaxy", "halo redshift telescope"),
    ]
    plain = choose(given_, max_papers=2, min_score=0, diversity=0)
    spread = choose(given_, max_papers=2, min_score=0, diversity=0.5)
    assert titles(plain) == ["soft gripper", "robot gripper"]
    assert titles(spread) == ["soft gripper", "dusty galaxy"]


def test_nearly_the_same_title_never_stands_twice() -> None:
    twins = [scored(0.9, "A Study of Soft Robots"), scored(0.8, "A study of soft robots.")]
    for diversity in (0.0, 0.3):
        chosen = choose(
            [*twins, scored(0.1, "galaxies")], max_papers=3, min_score=0, diversity=diversity
        )
        assert titles(chosen) == ["A Study of Soft Robots", "galaxies"]


def test_a_flood_of_twins_does_not_hide_what_comes_after() -> None:
    flood = [scored(0.9, "soft robots")] * 200
    for diversity in (0.0, 0.3):
        chosen = choose(
            [*flood, scored(0.2, "galaxies")], max_papers=2, min_score=0.1, diversity=diversity
        )
        assert titles(chosen) == ["soft robots", "galaxies"]


def test_titles_without_a_word_are_compared_as_they_stand() -> None:
    given_ = [scored(0.9, "???"), scored(0.8, "!!!"), scored(0.7, "???")]
    assert titles(choose(given_, max_papers=3, min_score=0, diversity=0.3)) == ["???", "!!!"]


@given(
    st.lists(st.floats(0, 1), max_size=30),
    st.integers(1, 12),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_choices_keep_to_the_limits(
    scores: list[float], most: int, least: float, diversity: float
) -> None:
    given_ = [
        Scored(paper, score, score, 0.0, "why")
        for paper, score in zip(papers(30), scores, strict=False)
    ]
    chosen = choose(given_, max_papers=most, min_score=least, diversity=diversity)
    assert len(chosen) == min(most, sum(score >= least for score in scores))
    assert len({one.paper.key for one in chosen}) == len(chosen)
    assert all(one.score >= least for one in chosen)
    if chosen:
        assert chosen[0].score == max(scores)
    assert chosen == choose(given_, max_papers=most, min_score=least, diversity=diversity)
