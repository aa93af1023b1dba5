"""Likes of many users -> scores of papers: the model that orders the digest, on plain texts."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from digest import embedders
from digest.ports import Embeddings
from digest.ranking.relevance import Relevance, batches
from digest.ranking.space import Space
from digest.ranking.taste import SharedTaste, added
from digest.ranking.text import split
from digest.ranking.threads import one_thread

_BACKGROUND = 3000  # papers; their inverse kernel takes 36 MB
_BATCH = 1000  # likes that are met at a time
_SLICE = 4000  # candidates that are scored at a time, to bound the memory


@one_thread()
def score_libraries(
    papers: list[str],
    libraries: list[list[int]],
    candidates: list[int],
    *,
    embeddings: Embeddings | None = None,
) -> npt.NDArray[np.float32]:
    """Score papers for users by content alone: the model that orders the digest.

    `papers` are texts ("title. abstract"), a library holds the indices of the papers that one user
    liked, `candidates` those of the papers to score. Returns an array [users, candidates];
    higher is better, in hundredths of cosine above the usual; zeros for an empty library.

    With `embeddings` papers are known by their meaning too; without, by that of the model which
    the environment variable DIGEST_SEMANTIC__MODEL names, if it does.
    Raises `ValueError` for an index that is out of range.
    """
    _check(len(papers), "candidates", candidates)
    for user, library in enumerate(libraries):
        _check(len(papers), f"library {user}", library)
    scores = np.zeros((len(libraries), len(candidates)), np.float32)
    if not candidates or not any(libraries):
        return scores
    if embeddings is None:
        embeddings = embedders.in_environment(os.environ)
    _, vectors = Space.fit([split(text) for text in papers], embeddings)
    background = vectors[_background(len(papers), candidates)]
    own = [sorted(set(library)) for library in libraries]
    liked = sorted({index for library in own for index in library})
    places = {index: place for place, index in enumerate(liked)}
    rows = [[places[index] for index in library] for library in own]
    # Its spread is that of all candidates, whatever slice they are scored in.
    shared: npt.NDArray[np.float32] | None = None
    for start in range(0, len(candidates), _SLICE):
        asked = slice(start, start + _SLICE)
        fresh = vectors[np.asarray(candidates[asked])]
        model = Relevance(background, fresh)
        taste = SharedTaste.learn(lambda: vectors[liked], rows, fresh)
        first = 0
        for users in batches(own, _BATCH):
            likes = vectors[[index for library in users for index in library]]
            met = model.libraries(likes, [len(one) for one in users])
            scores[first : first + len(users), asked] = model.scores(met)
            first += len(users)
        if taste is not None:
            shared = np.empty_like(scores) if shared is None else shared
            for user, liked_rows in enumerate(rows):
                shared[user, asked] = taste.found(liked_rows)
    if shared is not None:
        for score, found in zip(scores, shared, strict=True):
            score += added(score, found)
    return scores


def _background(count: int, candidates: Sequence[int]) -> npt.NDArray[np.int64]:
    """Choose papers that are not asked about, evenly, or any where there are none."""
    others = np.setdiff1d(np.arange(count), np.asarray(candidates))
    pool = others if len(others) else np.arange(count)
    if len(pool) <= _BACKGROUND:
        return pool
    return pool[np.linspace(0, len(pool) - 1, _BACKGROUND).astype(np.int64)]


def _check(count: int, name: str, indices: Sequence[int]) -> None:
    for index in indices:
        if not 0 <= index < count:
            raise ValueError(f"{name} names paper {index}, but there are {count} papers (0-based)")
