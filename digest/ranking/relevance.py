"""Likes -> how close other papers are in content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.text import Lexicon, split

Floats = npt.NDArray[np.float64]

BACKGROUND = 3000  # papers; their inverse kernel takes 36 MB
_PENALTY = 20 / 10_000  # of the ridge, for each paper of the background
_CAUTION = 2  # likes at which half of the background's part is taken off
_REPETITION = 0.1  # how much a like that repeats others loses
_SAMPLE = 500  # papers of the background; a median needs no more
_NEAREST = 3
_NEAREST_SHARE = 0.3
_EXPANSION = (
    30  # papers of the background that stand in for the likes of somebody who has words only
)


@dataclass(frozen=True, slots=True)
class Taste:
    """What is known of somebody's likes: a direction, the likes, and what is usual for both.

    `usual` is what half of the background exceeds along the direction, `usual_near` what half of
    it exceeds in cosine with the nearest likes.
    """

    direction: Floats
    likes: sparse.csr_array
    usual: float
    usual_near: float


class Relevance:
    """Ridge regression on TF-IDF vectors against a background that nobody chose.

    With `n` likes `L` (weights `w = solve(I + 0.1 L L', 1)`, so that likes which repeat each
    other count less), `p` the unit vector of `w L`, a background `B` of `b` papers labelled 0 and
    `lambda = 0.002 b`, the direction is `p - n/(n+2) B' (B B' + lambda I)^-1 B p`: the closed
    form of ridge regression, shrunk towards the plain centroid while likes are few. To it comes
    0.3 of the mean cosine with the three nearest likes. Both are counted in hundredths above the
    median of the background, so that a score means the same on any day and for anybody, also
    where a good part of all papers is on their subject.
    """

    def __init__(self, background: sparse.csr_array) -> None:
        self._background = background
        self._sample = background[:: max(1, background.shape[0] // _SAMPLE)]
        # Half the usual precision is plenty, for the penalty keeps it far from singular.
        kernel = (background @ background.T).toarray().astype(np.float32)
        kernel.flat[:: len(kernel) + 1] += max(_PENALTY * len(kernel), 1e-3)
        self._inverse = np.linalg.inv(kernel)

    def taste(
        self, likes: sparse.csr_array, weights: Sequence[float] | None = None
    ) -> Taste | None:
        """Learn from the rows of `likes`; `None` where they hold no known word."""
        given = np.ones(likes.shape[0]) if weights is None else np.asarray(weights, np.float64)
        worded = (np.diff(likes.indptr) > 0) & (given > 0)
        if not worded.any():
            return None
        likes, given = likes[worded], given[worded] / given[worded].max()
        count = likes.shape[0]
        kernel = (likes @ likes.T).toarray().astype(np.float64)
        share = np.linalg.solve(np.eye(count) + _REPETITION * kernel, given)
        centre = np.asarray(np.maximum(share, 0) @ likes, np.float64).ravel()
        centre /= np.linalg.norm(centre)
        shrink = count / (count + _CAUTION)
        fit = (self._background @ centre).astype(np.float32)
        direction = centre - shrink * (self._background.T @ (self._inverse @ fit))
        return Taste(
            direction=direction,
            likes=likes,
            usual=_usual(self._background @ direction),
            usual_near=_usual(_near(self._sample, likes)),
        )

    def query(self, rows: sparse.csr_array, weights: Sequence[float]) -> tuple[Taste, ...]:
        """Learn from words instead of likes, and from the 30 papers that fit them best.

        A few words name few of the words that good papers use; what comes up first for them knows
        more (pseudo-relevance feedback, Rocchio 1971).
        """
        words = self.taste(rows, weights)
        if words is None:
            return ()
        fit = self._background @ np.asarray(np.asarray(weights) @ rows, np.float64).ravel()
        best = np.argsort(-fit, kind="stable")[:_EXPANSION]
        best = best[fit[best] > 0]
        if not len(best):
            return (words,)
        found = self.taste(self._background[best], fit[best] / fit[best[0]])
        return (words,) if found is None else (words, found)

    def score(self, taste: Taste, papers: sparse.csr_array) -> Floats:
        """Return for each row how far above the usual it is, in hundredths of cosine."""
        along = papers @ taste.direction - taste.usual
        near = _near(papers, taste.likes) - taste.usual_near
        scores: Floats = 100 * (along + _NEAREST_SHARE * near)
        return scores


def score_libraries(
    papers: list[str], libraries: list[list[int]], candidates: list[int]
) -> npt.NDArray[np.float32]:
    """Score papers for users by content alone: the model that orders the digest.

    `papers` are texts ("title. abstract"), a library holds the indices of the papers that one user
    liked, `candidates` those of the papers to score. Returns an array [users, candidates];
    higher is better, in hundredths of cosine above the usual; zeros for an empty library.
    Raises `ValueError` for an index that is out of range.
    """
    _check(len(papers), "candidates", candidates)
    for user, library in enumerate(libraries):
        _check(len(papers), f"library {user}", library)
    scores = np.zeros((len(libraries), len(candidates)), np.float32)
    if not candidates or not any(libraries):
        return scores
    _, vectors = Lexicon.fit([split(text) for text in papers])
    model = Relevance(vectors[_background(len(papers), candidates)])
    asked = vectors[np.asarray(candidates)]
    for user, library in enumerate(libraries):
        likes = np.array(sorted(set(library)), np.int64)
        taste = model.taste(vectors[likes]) if len(likes) else None
        if taste is not None:
            scores[user] = model.score(taste, asked)
    return scores


def _background(count: int, candidates: Sequence[int]) -> npt.NDArray[np.int64]:
    """Choose papers that are not asked about, evenly, or any where there are none."""
    others = np.setdiff1d(np.arange(count), np.asarray(candidates))
    pool = others if len(others) else np.arange(count)
    if len(pool) <= BACKGROUND:
        return pool
    return pool[np.linspace(0, len(pool) - 1, BACKGROUND).astype(np.int64)]


def _check(count: int, name: str, indices: Sequence[int]) -> None:
    for index in indices:
        if not 0 <= index < count:
            raise ValueError(f"{name} names paper {index}, but there are {count} papers (0-based)")


def _near(papers: sparse.csr_array, likes: sparse.csr_array) -> Floats:
    """Return the mean cosine with the nearest likes."""
    cosines: npt.NDArray[Any] = (papers @ likes.T).toarray()
    nearest = min(_NEAREST, cosines.shape[1])
    best = np.partition(cosines, cosines.shape[1] - nearest, axis=1)[:, -nearest:]
    means: Floats = best.mean(axis=1, dtype=np.float64)
    return means


def _usual(values: Floats) -> float:
    return float(np.median(values)) if len(values) else 0.0
