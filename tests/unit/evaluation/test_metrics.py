from __future__ import annotations

from math import log2

import numpy as np
import pytest

from digest.evaluation.metrics import FIGURES, Bootstrap, Estimate, figures, order


def found(*places: int, among: int = 200) -> np.ndarray:
    """Return a ranking whose hits stand at these places, counted from 1."""
    flags = np.zeros(among, bool)
    flags[[place - 1 for place in places]] = True
    return flags


def test_figures_are_those_computed_by_hand() -> None:
    got = figures(found(3, 12, 25, 150))
    recalls = {10: 1 / 4, 20: 2 / 4, 50: 3 / 4, 100: 3 / 4, 200: 1}
    assert {depth: got[f"recall@{depth}"] for depth in recalls} == recalls
    assert got["precision@10"] == pytest.approx(1 / 10)
    ideal = 1 + 1 / log2(3) + 1 / log2(4) + 1 / log2(5)
    assert got["ndcg@10"] == pytest.approx((1 / log2(4)) / ideal)
    assert got["ndcg@20"] == pytest.approx((1 / log2(4) + 1 / log2(13)) / ideal)
    assert got["mrr"] == pytest.approx(1 / 3)
    assert tuple(got) == FIGURES


def test_the_ideal_order_is_cut_where_the_ranking_is() -> None:
    got = figures(found(*range(1, 31)))
    assert got["ndcg@20"] == pytest.approx(1)
    assert got["recall@20"] == pytest.approx(20 / 30)
    assert got["precision@10"] == 1


def test_a_hit_at_place_20_counts_and_at_21_does_not() -> None:
    assert figures(found(20))["ndcg@20"] == pytest.approx(1 / log2(21))
    assert figures(found(21))["ndcg@20"] == 0


def test_few_candidates_are_ranked_too() -> None:
    got = figures(found(2, among=3))
    assert got["ndcg@20"] == pytest.approx(1 / log2(3))
    assert got["precision@10"] == pytest.approx(0.1)


def test_a_ranking_without_a_hit_is_refused() -> None:
    with pytest.raises(ValueError, match="without a hit"):
        figures(found())


def test_equal_scores_are_ordered_by_chance_and_not_by_their_place() -> None:
    scores = np.array([1.0, 2.0, 1.0, 2.0])
    assert order(scores, np.array([3, 2, 1, 0])).tolist() == [3, 1, 2, 0]


def test_a_mean_is_over_rankings_and_its_interval_over_readers() -> None:
    bootstrap = Bootstrap([7, 7, 7, 9], seed=1)
    estimate = bootstrap.mean(np.array([1.0, 1.0, 1.0, 0.0]))
    assert estimate.mean == pytest.approx(0.75)
    # Each reader alone is a possible draw, with a chance of a quarter.
    assert (estimate.low, estimate.high) == (0, 1)


def test_an_interval_is_as_wide_as_the_normal_one_where_that_holds() -> None:
    values = np.random.default_rng(3).random(400)
    estimate = Bootstrap(list(range(400)), seed=1).mean(values)
    half = 1.96 * values.std() / 20
    assert estimate.low == pytest.approx(values.mean() - half, abs=0.005)
    assert estimate.high == pytest.approx(values.mean() + half, abs=0.005)


def test_the_same_seed_gives_the_same_intervals() -> None:
    values = np.linspace(0, 1, 39)

    def estimate(seed: int) -> Estimate:
        return Bootstrap(list(range(39)), seed=seed).mean(values)

    assert estimate(4) == estimate(4) != estimate(5)
