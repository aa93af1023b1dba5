"""Digests that two rankers share, each paper with the ranker that chose it; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, Profile
from digest.ports import Blend, LedScores, Ranking, Scores
from digest.ranking import Likeness, blend_of
from digest.ranking.drafting import team_draft

Floats = npt.NDArray[np.float32]


class Aligned:
    """A ranking whose columns stand in the order of another one."""

    def __init__(self, ranking: Ranking, candidates: Sequence[Candidate]) -> None:
        columns = {one.paper.key: column for column, one in enumerate(ranking.candidates)}
        self._ranking = ranking
        self._columns = np.array([columns[one.paper.key] for one in candidates], np.int64)
        self.candidates = candidates
        self.trending: Floats = ranking.trending[self._columns]

    def score(self, profiles: Sequence[Profile]) -> AlignedScores:
        """Score every candidate for each profile."""
        return AlignedScores(self._ranking.score(profiles), self._columns)


class AlignedScores:
    """Scores whose columns are moved."""

    def __init__(self, scores: Scores, columns: npt.NDArray[np.int64]) -> None:
        self._scores = scores
        self._columns = columns
        self.score: Floats = scores.score[:, columns]
        self.relevance: Floats = scores.relevance[:, columns]
        self.blend = Blend._make(part[:, columns] for part in blend_of(scores))

    def reason(self, row: int, column: int) -> str:
        """Say why, as the ranking does."""
        return self._scores.reason(row, int(self._columns[column]))

    def leading(self, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return which interest leads, as far as the ranking knows it."""
        if isinstance(self._scores, LedScores):
            return self._scores.leading(self._columns[columns])
        return np.full(columns.shape, -1)

    def original(self, column: int) -> tuple[Scores, int]:
        """Return the scores that were moved, and where a column stands in them."""
        return self._scores, int(self._columns[column])


class Drafted:
    """The scores of two rankers: of each paper those of the one that chose it.

    `teams` has the columns that were drafted for each row, with 1 for those of the second.
    """

    def __init__(self, both: Sequence[Scores], teams: Sequence[Mapping[int, int]]) -> None:
        first, second = both
        self._both = both
        self._teams = teams
        theirs = np.zeros(first.score.shape, np.bool_)
        for row, columns in enumerate(teams):
            theirs[row, [column for column, team in columns.items() if team]] = True
        self.score: Floats = np.where(theirs, second.score, first.score)
        self.relevance: Floats = np.where(theirs, second.relevance, first.relevance)
        self.blend = Blend._make(
            np.where(theirs, other, one)
            for one, other in zip(blend_of(first), blend_of(second), strict=True)
        )

    def reason(self, row: int, column: int) -> str:
        """Say why, as the ranker does that chose it."""
        return self._both[self._teams[row].get(column, 0)].reason(row, column)


def draft(
    first: Sequence[int], second: Sequence[int], most: int, likeness: Likeness, *, key: str
) -> dict[int, int]:
    """Let two rankers choose the columns of one digest in turn; `key` decides who begins.

    The same delivery is drafted in the same way, and holds no two papers of nearly one title.
    """
    coin = np.random.default_rng(list(blake2b(key.encode(), digest_size=16).digest()))

    def fits(column: int, drafted: Mapping[int, int]) -> bool:
        others = np.array(list(drafted), np.int64)
        return bool((likeness.of(others, column) >= 0).all())

    return team_draft((first, second), most, coin, fits=fits)
