"""A ranker is told what it can learn from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from digest.model import Candidate, Paper
from digest.ports import Ranker, Ranking, SocialRanker


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
