"""The rankers of other programs behind the seam of our own, for a site's papers and readers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from digest import ranking
from digest.evaluation.corpus import Corpus
from digest.evaluation.data import Document
from digest.evaluation.protocol import Asked
from digest.evaluation.rankers import OURS, RANKERS, Contestant, Score, named
from digest.model import Candidate, InterestKind, Paper, Profile
from digest.ports import Embeddings, Ranker

Floats = npt.NDArray[np.float32]


def chosen(
    names: Sequence[str], *, seed: int, embeddings: Embeddings | None = None
) -> dict[str, Ranker]:
    """Return rankers by name, all of them without names; raise `InvalidInput`.

    First come those that a site can use, then those of other programs that need no sentence
    vectors.
    """
    peers = {name: one for name, one in RANKERS.items() if name != OURS and not one.needs_vectors}
    return {
        name: Adapted(peers[name], seed=seed) if name in peers else ranking.ranker(name, embeddings)
        for name in named(names, [*ranking.names(), *peers])
    }


class Adapted:
    """A `digest.ports.Ranker` that orders as another program does.

    It knows likes, or keywords where somebody has no likes; who has neither gets the order of the
    candidates, newest first. Its scores run from 0 to 1 for each reader.
    """

    def __init__(self, contestant: Contestant, *, seed: int) -> None:
        self._contestant = contestant
        self._seed = seed

    def fit(
        self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
    ) -> AdaptedRanking:
        """Keep the papers: what there is to learn depends on the likes too."""
        return AdaptedRanking(self._contestant, self._seed, candidates, background)


class AdaptedRanking:
    """The candidates of one edition in the order in which equal scores stand."""

    def __init__(
        self,
        contestant: Contestant,
        seed: int,
        candidates: Sequence[Candidate],
        background: Sequence[Paper],
    ) -> None:
        self._contestant = contestant
        self._seed = seed
        self._background = background
        self.candidates = sorted(
            candidates, key=lambda one: (-one.listed_at.timestamp(), one.paper.key)
        )
        self.trending = np.zeros(len(candidates), np.float32)

    def score(self, profiles: Sequence[Profile]) -> AdaptedScores:
        """Score every candidate for each profile."""
        papers = {
            paper.key: paper
            for paper in (
                *(one.paper for one in self.candidates),
                *self._background,
                *(liked for profile in profiles for liked in profile.liked),
            )
        }
        places = {key: place for place, key in enumerate(papers)}
        corpus = Corpus(
            [Document(one.key, one.title, one.abstract, "", "") for one in papers.values()],
            seed=self._seed,
        )
        asked = [
            Asked(
                row,
                tuple(places[paper.key] for paper in profile.liked),
                tuple(
                    interest.value
                    for interest in profile.interests
                    if interest.kind is InterestKind.KEYWORD and interest.weight > 0
                ),
                frozenset(),
            )
            for row, profile in enumerate(profiles)
        ]
        scores = np.zeros((len(profiles), len(self.candidates)), np.float32)
        by_likes = [one for one in asked if one.likes]
        by_keywords = [one for one in asked if one.keywords and not one.likes]
        _fill(scores, self._contestant.by_likes, corpus, by_likes)
        _fill(scores, self._contestant.by_keywords, corpus, by_keywords)
        return AdaptedScores(scores, f"{self._contestant.name} would show it")


def _fill(scores: Floats, score: Score | None, corpus: Corpus, asked: Sequence[Asked]) -> None:
    if score is None or not asked or not scores.size:
        return
    found = score(corpus, asked, np.arange(scores.shape[1]))
    least = found.min(axis=1, keepdims=True)
    spread = found.max(axis=1, keepdims=True) - least
    rows = [one.reader for one in asked]
    scores[rows] = (found - least) / np.where(spread > 0, spread, np.float32(1))


class AdaptedScores:
    """Scores with one reason for all."""

    def __init__(self, scores: Floats, reason: str) -> None:
        self.score = scores
        self.relevance = scores
        self._reason = reason

    def reason(self, row: int, column: int) -> str:
        """Return the one reason."""
        return self._reason
