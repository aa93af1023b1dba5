"""What a ranker may leave out, and what stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, Paper
from digest.ports import Blend, BlendedScores, LedScores, Ranker, Ranking, Scores, SocialRanker

Columns = npt.NDArray[np.int64]


def fitted(
    ranker: Ranker,
    candidates: Sequence[Candidate],
    background: Sequence[Paper],
    now: datetime,
    libraries: Sequence[Sequence[Paper]],
) -> Ranking:
    """Let a ranker prepare candidates, and learn from what all readers like if it can."""
    if libraries and isinstance(ranker, SocialRanker):
        return ranker.fit_among(candidates, background, now, libraries)
    return ranker.fit(candidates, background, now)


def blend_of(scores: Scores) -> Blend:
    """Return what scores are blended of: of interests alone where they do not say."""
    if isinstance(scores, BlendedScores):
        return scores.blend
    shape = scores.score.shape
    return Blend(scores.score, np.ones(shape, np.float32), np.zeros(shape, np.bool_))


def leading_of(scores: Scores) -> Callable[[Columns], Columns] | None:
    """Return what says which interest leads, where a ranker knows it."""
    return scores.leading if isinstance(scores, LedScores) else None
