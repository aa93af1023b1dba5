"""Which interest of a reader does most for each paper; pure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from digest.model import InterestKind
from digest.ports import LedScores, Scores
from digest.ranking.evidence import Case, Floats, missed

Columns = npt.NDArray[np.int64]

_NOTHING = 0.95  # chance that a match means nothing from which on nothing leads


def leading_of(scores: Scores) -> Callable[[Columns], Columns] | None:
    """Return what says which interest leads, where a ranker knows it."""
    return scores.leading if isinstance(scores, LedScores) else None


def leading(case: Case, columns: Columns, *, count: int) -> Columns:
    """Return the place of the leading interest of each of some papers, of `count` in all.

    What a keyword does by the letter and by content is taken together, and likes are one interest.
    It is -1 where nothing leads, and everywhere for somebody who has but one interest. Categories
    lead nothing: they stand for fields, in which there is room for all.
    """
    chances: dict[tuple[InterestKind, str], Floats] = {}
    for words, one in case.words:
        chances[one.kind, one.value] = missed(words.strength[columns], one.weight)
    for matches, weight in case.matches:
        if matches.kind is not InterestKind.CATEGORY:
            strengths = np.zeros(count, np.float32)
            strengths[matches.columns] = matches.strengths
            key = (matches.kind, matches.value)
            chances[key] = missed(strengths[columns], weight) * chances.get(key, np.float32(1))
    if case.likes is not None:
        chances[InterestKind.SEED, ""] = 1 - case.likes.strength[columns]
    if len(chances) < 2:
        return np.full(len(columns), -1)
    table = np.stack(list(chances.values()))
    found: Columns = table.argmin(axis=0)
    found[table.min(axis=0) > _NOTHING] = -1
    return found
