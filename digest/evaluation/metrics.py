"""Scores and hits -> figures, and how sure they are; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]

FIGURES = (
    "recall@10",
    "recall@20",
    "recall@50",
    "recall@100",
    "recall@200",
    "ndcg@10",
    "ndcg@20",
    "precision@10",
    "mrr",
)
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its interval."""

    mean: float
    low: float
    high: float


def order(scores: Floats, chance: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """Return the places of scores, highest first; ties go to the lower number in `chance`.

    The order of a file must not speak for anybody: where scores are equal, chance decides, in
    the same way for every ranker.
    """
    return np.lexsort((chance, -scores))


def figures(found: Flags) -> dict[str, float]:
    """Return the figures of one ranking, given as hit or no hit from its first place on.

    recall@k is the share of all hits that are among the first k; precision@k the share of the
    first k places that are hits; ndcg@k the sum of `1 / log2(1 + place)` over the hits among the
    first k, as a share of what the best order would have (binary gains; the ideal is cut at k too;
    Jarvelin and Kekalainen 2002); mrr is one over the place of the first hit. Raises `ValueError`
    where there is no hit.
    """
    hits = int(found.sum())
    if not hits:
        raise ValueError("a ranking without a hit says nothing of a ranker")
    places = np.flatnonzero(found)
    worth = 1 / np.log2(np.arange(2, 22))

    def within(depth: int) -> int:
        return int((places < depth).sum())

    def gain(depth: int) -> float:
        return float(worth[places[places < depth]].sum() / worth[: min(hits, depth)].sum())

    return {
        **{f"recall@{depth}": within(depth) / hits for depth in (10, 20, 50, 100, 200)},
        "ndcg@10": gain(10),
        "ndcg@20": gain(20),
        "precision@10": within(10) / 10,
        "mrr": 1 / (1 + int(places[0])),
    }


def ndcg(gains: Floats, depth: int) -> float:
    """Return the nDCG of one ranking with graded gains, given from its first place on.

    The sum of `gain / log2(1 + place)` over the first places, as a share of what the best order
    would have. 1 where there is nothing to gain.
    """
    worth = 1 / np.log2(np.arange(2, min(depth, len(gains)) + 2))
    best = float(np.sort(gains)[::-1][: len(worth)] @ worth)
    return float(gains[: len(worth)] @ worth) / best if best > 0 else 1.0


def agreement(scores: Floats, gains: Floats) -> float:
    """Return Spearman's rank correlation; 0 where one of both says nothing."""
    ranks = [rankdata(some) - (len(some) + 1) / 2 for some in (scores, gains)]
    lengths = [float(np.linalg.norm(some)) for some in ranks]
    return float(ranks[0] @ ranks[1]) / (lengths[0] * lengths[1]) if all(lengths) else 0.0


class Bootstrap:
    """Means over rankings, with 95 % intervals over readers (Efron 1979).

    Readers are drawn with replacement, all rankings of one together, because what one reader's
    rankings say hangs together. The draws depend on the readers and the seed alone, so that two
    rankers that were asked the same are compared on the same draws.
    """

    def __init__(self, readers: Sequence[int], *, seed: int) -> None:
        _, self._rows = np.unique(np.asarray(readers), return_inverse=True)
        count = int(self._rows.max()) + 1
        self._rankings = np.bincount(self._rows)
        chance = np.random.default_rng(seed)
        # How often each reader is drawn, for each draw.
        self._draws = chance.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES)

    def mean(self, values: Floats) -> Estimate:
        """Return the mean of values, one for each ranking, and where 95 % of the draws lie."""
        sums = np.bincount(self._rows, weights=values)
        means = (self._draws @ sums) / (self._draws @ self._rankings)
        low, high = np.quantile(means, [0.025, 0.975])
        return Estimate(float(np.mean(values)), float(low), float(high))
