"""Facts about trees and lines that are asked without their learner."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from digest.ranking.regression import Line, Trees
from digest.ranking.threads import one_thread

Forests = list[HistGradientBoostingRegressor]


def figures(rows: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return figures of all kinds: spread, few values, often unknown, almost never unknown."""
    draw = np.random.default_rng(seed)
    found = draw.normal(size=(rows, 5))
    found[:, 1] = draw.integers(0, 3, rows)
    found[draw.random(rows) < 0.5, 2] = np.nan
    found[draw.random(rows) < 0.02, 3] = np.nan
    return found


@pytest.fixture(scope="module")
def forests() -> Iterator[Forests]:
    known = figures(700, 1)
    worth = known[:, 0] + np.isnan(known[:, 2]) * known[:, 1] + np.nan_to_num(known[:, 3]) ** 2
    with one_thread():
        yield [
            HistGradientBoostingRegressor(
                max_iter=40, max_leaf_nodes=8, max_features=0.5, random_state=seed
            ).fit(known, worth)
            for seed in range(3)
        ]


def test_trees_say_what_scikit_learn_says(forests: Forests) -> None:
    trees = Trees.grown(forests, np.arange(5))
    asked = figures(600, 2)
    asked[0] = np.nan
    asked[1] = np.inf
    asked[2] = -np.inf
    said = np.mean([one.predict(asked) for one in forests], axis=0)
    np.testing.assert_allclose(trees.said(asked), said, rtol=0, atol=1e-12)


def test_a_figure_on_the_threshold_goes_where_scikit_learn_sends_it(forests: Forests) -> None:
    trees = Trees.grown(forests[:1], np.arange(5))
    asked = np.zeros((len(trees.threshold), 5))
    asked[np.arange(len(asked)), trees.column] = trees.threshold
    np.testing.assert_allclose(trees.said(asked), forests[0].predict(asked), rtol=0, atol=1e-12)


def test_trees_look_at_their_columns_among_all_figures(forests: Forests) -> None:
    asked = figures(50, 3)
    wide = np.column_stack([np.full(50, 7.0), asked])
    apart = Trees.grown(forests, np.arange(1, 6))
    np.testing.assert_array_equal(apart.said(wide), Trees.grown(forests, np.arange(5)).said(asked))


def test_a_row_is_told_the_same_alone_and_among_others(forests: Forests) -> None:
    trees = Trees.grown(forests, np.arange(5))
    asked = figures(600, 4)
    alone = [trees.said(asked[[row]])[0] for row in (0, 255, 256, 599)]
    assert alone == trees.said(asked)[[0, 255, 256, 599]].tolist()


def test_trees_and_lines_that_were_kept_say_the_same(forests: Forests) -> None:
    asked = figures(40, 5)
    trees = Trees.grown(forests, np.arange(5))
    np.testing.assert_array_equal(Trees.of_arrays(trees.arrays()).said(asked), trees.said(asked))
    line = Line(np.ones(5), np.full(5, 2.0), np.arange(5.0), 0.25)
    kept = Line.of_arrays(line.arrays())
    np.testing.assert_array_equal(kept.summands(asked), line.summands(asked))
    assert kept.base == line.base


def test_no_trees_are_kept_too() -> None:
    none = Trees.of_arrays(Trees.grown([], np.zeros(0, np.int64)).arrays())
    assert len(none) == 0


def test_an_unknown_figure_adds_nothing_to_a_line() -> None:
    line = Line(np.array([3.0, 1.0]), np.array([2.0, 1.0]), np.array([10.0, 1.0]), 0.0)
    assert line.summands(np.array([[5.0, np.nan]])).tolist() == [[pytest.approx(10.0), 0.0]]
