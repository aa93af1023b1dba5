"""The rankers of this program, asked as the digest asks them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from digest import embedders
from digest.evaluation.corpus import Corpus
from digest.evaluation.protocol import Asked, Indices
from digest.model import Candidate, Interest, InterestKind, Paper, Profile
from digest.ranking import ranker, score_libraries, text_of
from digest.ranking.text import split

Floats = npt.NDArray[np.float32]

_BACKGROUND = 5000  # papers, as many as a run of the digest hands to its ranker
_BATCH = 500  # readers that are scored at a time
_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # the same for all: time is no part of this comparison


def by_likes(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score by `digest.ranking.score_libraries`, which is told texts and likes only."""
    likes = [list(one.likes) for one in asked]
    return score_libraries(corpus.texts, likes, candidates.tolist())


def by_likes_and_vectors(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score by the same with the sentence vectors of the folder."""
    likes = [list(one.likes) for one in asked]
    given = GivenEmbeddings(corpus)
    return score_libraries(corpus.texts, likes, candidates.tolist(), embeddings=given)


class GivenEmbeddings:
    """The sentence vectors that came with a collection; there are none of keywords."""

    def __init__(self, corpus: Corpus) -> None:
        assert corpus.vectors is not None
        self._vectors = corpus.vectors
        self._rows = {text_of(*split(text)): row for row, text in enumerate(corpus.texts)}

    def of_papers(self, texts: Sequence[str]) -> Floats:
        """Return the vector of each paper."""
        return self._vectors[[self._rows[text] for text in texts]]

    def of_words(self, texts: Sequence[str]) -> None:
        """Return nothing."""


def by_keywords(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score by the default ranker for readers whose only interests are their keywords.

    Papers are known by their meaning, too, where DIGEST_SEMANTIC__MODEL names a model, as they are
    by `score_libraries`.
    """
    others = np.setdiff1d(np.arange(len(corpus.documents)), candidates)
    if len(others) > _BACKGROUND:
        others = others[np.linspace(0, len(others) - 1, _BACKGROUND).astype(np.int64)]
    ranking = ranker("default", embedders.in_environment(os.environ)).fit(
        [Candidate(_paper(corpus, place), _DAY) for place in candidates.tolist()],
        [_paper(corpus, place) for place in others.tolist()],
        _DAY,
    )
    columns = {one.paper.key: column for column, one in enumerate(ranking.candidates)}
    here = [columns[_key(place)] for place in candidates.tolist()]
    scores = np.empty((len(asked), len(candidates)), np.float32)
    for start in range(0, len(asked), _BATCH):
        some = slice(start, start + _BATCH)
        scores[some] = ranking.score([_profile(one) for one in asked[some]]).score[:, here]
    return scores


def _profile(asked: Asked) -> Profile:
    words = tuple(Interest(InterestKind.KEYWORD, word) for word in asked.keywords)
    return Profile(interests=words, trending_weight=0.0)


def _paper(corpus: Corpus, place: int) -> Paper:
    document = corpus.documents[place]
    return Paper(_key(place), document.title, document.abstract)


def _key(place: int) -> str:
    return f"evaluation:{place:08d}"
