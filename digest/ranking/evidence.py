"""What speaks for the candidates of one subscriber."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.model import Paper

Floats = npt.NDArray[np.float64]


class Evidence:
    """The matches found so far, by the row of the candidate.

    `doubt` is the product of `(1 - strength) ** weight` over all matches, so that one sure match
    is enough and several weak ones add up; relevance is what is left of 1.
    """

    def __init__(self, candidates: int) -> None:
        self.doubt: Floats = np.ones(candidates)
        self.keywords: dict[int, list[tuple[float, str]]] = {}
        self.authors: dict[int, str] = {}
        self.categories: dict[int, str] = {}
        self.by_likes: Floats = np.zeros(candidates)
        self.by_words: Floats = np.zeros(candidates)
        self.lean: Floats = np.zeros(candidates)  # 0..1, where content points
        self.liked: list[Paper] = []
        self.likes: sparse.csr_array | None = None
        self.likes_direction: Floats = np.empty(0)
        self.words_direction: Floats = np.empty(0)

    def add(self, row: int, strength: float, weight: float) -> None:
        """Count one match; a weight of two counts it twice."""
        self.doubt[row] *= (1.0 - strength) ** weight
