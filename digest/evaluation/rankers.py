"""The rankers that can be compared, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from digest.errors import InvalidInput
from digest.evaluation import ours, peers
from digest.evaluation.corpus import Corpus
from digest.evaluation.protocol import Asked, Indices
from digest.evaluation.settings import Setting

Score = Callable[[Corpus, Sequence[Asked], Indices], npt.NDArray[np.float32]]

OURS = "digest"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A ranker by what it can be told: likes, keywords, or both; `about` is one line on it.

    One that is `social` learns from all readers, and is told of them at once, also of those who
    are not asked about. `steps` is how many readers it scores between two steps of a progress bar;
    `None` for all, where what they share is most of the work.
    """

    name: str
    about: str
    by_likes: Score | None = None
    by_keywords: Score | None = None
    needs_vectors: bool = False
    social: bool = False
    steps: int | None = None

    def scorer(self, setting: Setting) -> Score | None:
        """Return how it scores in that setting, `None` where it cannot."""
        return self.by_keywords if setting is Setting.KEYWORDS else self.by_likes


RANKERS: Mapping[str, Contestant] = {
    one.name: one
    for one in (
        Contestant(
            OURS,
            "this program: score_libraries for likes, the default ranker for keywords",
            ours.by_likes,
            ours.by_keywords,
            social=True,
        ),
        Contestant(
            "digest-semantic",
            "the same with sentence vectors, as with [semantic] model",
            ours.by_likes_and_vectors,
            needs_vectors=True,
            social=True,
        ),
        Contestant(
            "arxiv-sanity-lite",
            "a linear SVM for each reader on TF-IDF vectors; for keywords its search",
            peers.arxiv_sanity,
            peers.arxiv_sanity_search,
            steps=8,
        ),
        Contestant(
            "zotero-arxiv-daily",
            "the weighted mean cosine of sentence vectors, newest likes first",
            peers.zotero_arxiv_daily,
            needs_vectors=True,
        ),
        Contestant(
            "scholar-inbox",
            "logistic regression on TF-IDF vectors, 2,000 random negatives",
            peers.scholar_inbox,
            steps=8,
        ),
        Contestant(
            "scholar-inbox-vectors",
            "logistic regression on sentence vectors, 2,000 random negatives",
            peers.scholar_inbox_vectors,
            needs_vectors=True,
            steps=8,
        ),
        Contestant(
            "scholar-inbox-published",
            "the same as published: C 0.1, 5,000 random negatives that weigh five times as much",
            peers.scholar_inbox_published,
            needs_vectors=True,
            steps=8,
        ),
        Contestant(
            "arxivdigest",
            "BM25 of the keywords, or of the 20 terms that are worth most in the likes",
            peers.bm25,
            peers.bm25_of_keywords,
        ),
        Contestant(
            "centroid",
            "the cosine with the mean TF-IDF vector of the likes, or with that of the keywords",
            peers.centroid,
            peers.centroid_of_keywords,
        ),
        Contestant("random", "chance", peers.chance, peers.chance),
    )
}


def chosen(names: Sequence[str]) -> list[Contestant]:
    """Return the rankers of those names, all of them without names; raise `InvalidInput`."""
    return [RANKERS[name] for name in named(names, RANKERS)]


def named(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return those names, each once, or all that are known; raise `InvalidInput` for another."""
    known = list(known)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            guess = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise InvalidInput(f'there is no ranker "{name}": {guess}')
    return list(dict.fromkeys(names)) or known
