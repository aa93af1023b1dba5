"""The papers of one run, ready to be ranked for anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from digest.model import Candidate, Paper, SourceState
from digest.ports import Ranker, Ranking
from digest.rank.drafts import Aligned
from digest.rank.sections import Arranger
from digest.ranking import Likeness, Phrases, attention_seen, figures, fitted, gained_lately

# From this trending score on, a paper may stand in a digest after its own day.
STILL_TRENDING = 0.5


class Pool:
    """The papers of one run, ready to be ranked for anybody; columns are places in `candidates`.

    `opens_at` and `closes_at` bound when they were listed; somebody's first digest begins with
    those of `begins_at`. `seen` is the attention that each has got, without what is only expected.
    """

    def __init__(
        self,
        ranker: Ranker,
        candidates: Sequence[Candidate],
        background: Sequence[Paper],
        sources: Sequence[SourceState],
        *,
        opens_at: datetime,
        begins_at: datetime,
        closes_at: datetime,
        rival: Ranker | None = None,
        libraries: Sequence[Sequence[Paper]] = (),
        topics: Sequence[Mapping[str, Any]] = (),
        phrases: Phrases,
    ) -> None:
        told = candidates, background, closes_at, libraries
        self.ranking = fitted(ranker, *told)
        self.candidates = self.ranking.candidates
        self.rankings: list[Ranking] = [self.ranking]
        if rival is not None:
            self.rankings.append(Aligned(fitted(rival, *told), self.candidates))
        self.opens_at = opens_at
        self.begins_at = begins_at
        self.closes_at = closes_at
        self.columns = {one.paper.key: column for column, one in enumerate(self.candidates)}
        self.fields = [one.paper.primary_category for one in self.candidates]
        self.listed_at = np.array([one.listed_at.timestamp() for one in self.candidates])
        self.seen = attention_seen(self.candidates)
        self.hot = np.array([is_still_trending(one) for one in self.candidates], np.bool_)
        self.figures = [_figures(one, closes_at) for one in self.candidates]
        self.arranger = Arranger(self.candidates)
        self.likeness = Likeness([one.paper for one in self.candidates])
        self.sources = tuple(state.name for state in sources)
        self.topics = tuple(topics)
        self.phrases = phrases
        self.notes = tuple(filter(None, map(phrases.upstream, sources)))

    @property
    def hot_keys(self) -> list[str]:
        """Return the keys of the papers that may come again although they were listed before."""
        return [self.candidates[column].paper.key for column in np.flatnonzero(self.hot).tolist()]


def is_still_trending(candidate: Candidate) -> bool:
    """Say whether a paper may come again although it was listed before: only if it was seen."""
    return candidate.trend is not None and candidate.trend.score >= STILL_TRENDING


def _figures(candidate: Candidate, now: datetime) -> dict[str, int]:
    """Return a paper's figures, and what each has gained lately: what its reason tells, too."""
    gains, _ = gained_lately(candidate, now)
    return figures(candidate) | {f"{name}_gained": gain for name, gain in gains.items()}
