"""Relevance and trending -> one score, and the papers of one digest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from digest.model import Scored
from digest.ranking.text import STOP_WORDS, words

Floats = npt.NDArray[np.float64]

_SAME_TITLE = 0.85  # share of the words that two titles have in common
_POOL = 4  # how many papers are weighed against each other for each place


def blend(relevance: Floats, trending: Floats, *, weight: float, discount: Floats) -> Floats:
    """Return `discount * ((1 - weight) * relevance + weight * trending)`, all in 0..1.

    `weight` is 1 for somebody who has no interests, and `discount` below 1 for papers like those
    that the subscriber wants less of.
    """
    scores: Floats = discount * ((1.0 - weight) * relevance + weight * trending)
    return scores


def choose(
    scored: Sequence[Scored], *, max_papers: int, min_score: float, diversity: float
) -> list[Scored]:
    """Choose the papers of one digest, in the order in which they stand in it.

    Papers below `min_score` are out. Each place goes to the paper with the highest
    `score * (1 - diversity * likeness)`, where likeness is the largest share of words it has in
    common with a paper above it (maximal marginal relevance, Carbonell and Goldstein 1998): 0
    keeps the order of the scores. Two papers with nearly the same title never stand together.
    """
    ranked = sorted((one for one in scored if one.score >= min_score), key=lambda one: -one.score)
    if diversity > 0:
        return _spread(ranked, max_papers, diversity)
    chosen: list[Scored] = []
    for one in ranked:
        if len(chosen) >= max_papers:
            break
        if not any(_same(one, other) for other in chosen):
            chosen.append(one)
    return chosen


def _spread(ranked: list[Scored], max_papers: int, diversity: float) -> list[Scored]:
    chosen: list[Scored] = []
    pool = ranked[: _POOL * max_papers + 20]
    later = iter(ranked[len(pool) :])
    likeness = [0.0] * len(pool)
    while pool and len(chosen) < max_papers:
        values = [
            one.score * (1.0 - diversity * alike) for one, alike in zip(pool, likeness, strict=True)
        ]
        best = max(range(len(pool)), key=lambda place: (values[place], -place))
        chosen.append(pool[best])
        kept = [
            (one, max(alike, _likeness(one, chosen[-1])))
            for place, (one, alike) in enumerate(zip(pool, likeness, strict=True))
            if place != best and not _same(one, chosen[-1])
        ]
        while not kept and (fresh := next(later, None)) is not None:
            # Only near-duplicates were in the pool.
            if not any(_same(fresh, other) for other in chosen):
                kept.append((fresh, max(_likeness(fresh, other) for other in chosen)))
        pool = [one for one, _ in kept]
        likeness = [alike for _, alike in kept]
    return chosen


def _likeness(one: Scored, other: Scored) -> float:
    return _overlap(
        _words(one.paper.title, one.paper.abstract), _words(other.paper.title, other.paper.abstract)
    )


def _same(one: Scored, other: Scored) -> bool:
    mine, theirs = _words(one.paper.title), _words(other.paper.title)
    if not mine or not theirs:
        return one.paper.title == other.paper.title
    return len(mine & theirs) / len(mine | theirs) >= _SAME_TITLE


def _overlap(mine: frozenset[str], theirs: frozenset[str]) -> float:
    if not mine or not theirs:
        return 0.0
    common: float = len(mine & theirs) / (len(mine) * len(theirs)) ** 0.5
    return common


@lru_cache(maxsize=8192)
def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in words(text)) - STOP_WORDS
