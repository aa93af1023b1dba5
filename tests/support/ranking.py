"""Rankings as a list for one reader, best first: how a person would look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.model import Candidate, Paper, Profile
from digest.ports import MUTED, Ranker, Ranking
from digest.ranking import Likeness, choose, leading_of, reaching


@dataclass(frozen=True)
class Scored:
    """What a ranker says of one paper for one reader."""

    paper: Paper
    score: float
    relevance: float
    trending: float
    reason: str


@dataclass(frozen=True)
class Listed:
    """A ranking that is asked for one reader at a time."""

    ranking: Ranking

    @classmethod
    def fit(cls, ranker: Ranker, candidates: Sequence[Candidate], *rest: object) -> Listed:
        """Let a ranker prepare the candidates."""
        return cls(ranker.fit(candidates, *rest))  # type: ignore[arg-type]

    def score(self, profile: Profile) -> list[Scored]:
        """Return every candidate that is not muted, best first, each with its reason."""
        scores = self.ranking.score([profile])
        return [
            Scored(
                paper=self.ranking.candidates[column].paper,
                score=float(scores.score[0, column]),
                relevance=float(scores.relevance[0, column]),
                trending=float(self.ranking.trending[column]),
                reason=scores.reason(0, column),
            )
            for column in np.argsort(-scores.score[0], kind="stable").tolist()
            if scores.score[0, column] > MUTED
        ]

    def choose(self, profile: Profile, *, max_papers: int, min_score: float) -> list[Paper]:
        """Return the papers of that reader's digest."""
        papers = [one.paper for one in self.ranking.candidates]
        scores = self.ranking.score([profile])
        (chosen,) = choose(
            reaching(scores, min_score),
            Likeness(papers),
            max_papers=[max_papers],
            diversity=0.3,
            leading=leading_of(scores),
        )
        return [papers[column] for column in chosen]
