"""Likes of everybody -> what those who like a paper also like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking.space import Columns, Vectors

Floats = npt.NDArray[np.float32]

READERS = 300  # with fewer there is nothing to learn from each other
_SHARED = 0.5  # of all likes must be of papers that several readers like
_NEIGHBOURS = 150  # liked papers that stand in for one that nobody has read yet
_SLICE = 256  # papers that are compared at a time
_SHARE = 0.8  # what it counts beside content


class SharedTaste:
    """Item-to-item collaborative filtering for papers that nobody has read yet.

    With `Y` the likes (readers x liked papers), each over the root of how many like the paper, `D`
    one over how many papers a reader likes, and `A` the 150 nearest liked papers of each new one,
    weighed by squared cosines that sum to one, somebody with the likes `y` (over the same root)
    finds in the new papers `y Y' D Y A'`. It is added to the score by content, with 0.8 of the
    spread that this has.
    """

    def __init__(self, worth: npt.NDArray[np.float16]) -> None:
        self._worth = worth

    @classmethod
    def learn(
        cls, vectors: Callable[[], Vectors], libraries: Sequence[Sequence[int]], papers: Vectors
    ) -> Self | None:
        """Learn from libraries, which hold rows of what `vectors` returns.

        `None`, without asking for the vectors, where readers are few or share too little.
        """
        counts = np.array([len(library) for library in libraries], np.int64)
        if (counts > 1).sum() < READERS or not len(papers):
            return None
        rows = np.repeat(np.arange(len(libraries)), counts)
        columns = np.concatenate([np.asarray(one, np.int64) for one in libraries])
        if (np.bincount(columns)[columns] > 1).mean() < _SHARED:
            return None
        liked = vectors()
        popularity = np.bincount(columns, minlength=len(liked))
        root = np.maximum(popularity, 1).astype(np.float32) ** np.float32(-0.5)
        given = root[columns] * counts[rows].astype(np.float32) ** np.float32(-0.5)
        likes = sparse.csr_array((given, (rows, columns)), shape=(len(libraries), len(liked)))
        back = sparse.csr_array(likes.T)
        # Half precision: it is the largest thing of a whole run.
        worth = np.empty((len(liked), len(papers)), np.float16)
        asked = Columns(liked)
        for start in range(0, len(papers), _SLICE):
            block = slice(start, start + _SLICE)
            near = _nearest(asked.cosines(papers[block]))
            worth[:, block] = root[:, None] * (back @ (likes @ near.T)).toarray()
        return cls(worth)

    def found(self, likes: Sequence[int]) -> Floats:
        """Return what somebody with those likes finds in each paper: nothing without likes."""
        worth: Floats = self._worth[likes].sum(axis=0, dtype=np.float32)
        return worth

    def shares(self, scores: Floats, likes: Sequence[int], paper: int) -> Floats:
        """Return what each of the likes has in that for one paper."""
        worth = self._worth[likes].astype(np.float32)
        beyond: Floats = worth[:, paper] - worth.mean(axis=1)
        return beyond * _scale(scores, worth.sum(axis=0))


def added(scores: Floats, found: Floats) -> Floats:
    """Return what is found in papers, in the spread that their scores by content have."""
    more: Floats = (found - found.mean()) * _scale(scores, found)
    return more


def _scale(scores: Floats, found: Floats) -> np.float32:
    spread = found.std()
    return np.float32(_SHARE * scores.std() / spread if spread > 0 else 0.0)


def _nearest(cosines: Floats) -> sparse.csr_array:
    """Return the nearest columns of each row, with weights that sum to one."""
    count = min(_NEIGHBOURS, cosines.shape[1])
    columns = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    weights = np.maximum(np.take_along_axis(cosines, columns, axis=1), 0) ** 2
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    rows = np.repeat(np.arange(len(cosines)), count)
    return sparse.csr_array((weights.ravel(), (rows, columns.ravel())), shape=cosines.shape)
