"""The rankers of other programs, re-made from their own code, and two plain yardsticks.

Each takes a corpus, readers and candidates (places of papers), and returns an array
[readers, candidates]; higher is better. What is known of readers is their likes, oldest first, or
their keywords.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from digest.evaluation.corpus import Corpus
from digest.evaluation.protocol import Asked, Indices

Floats = npt.NDArray[np.float32]

_TOP_TERMS = 20


def chance(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score at random: the same for the same reader, seed and number of candidates."""
    return _stacked(
        [
            np.random.default_rng([corpus.seed, one.reader]).random(len(candidates), np.float32)
            for one in asked
        ],
        candidates,
    )


def centroid(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score by the cosine with the mean TF-IDF vector of the likes."""
    papers = corpus.tfidf[candidates]
    rows = []
    for one in asked:
        mean = np.asarray(corpus.tfidf[list(one.likes)].sum(axis=0)).ravel()
        length = np.sqrt(mean @ mean)
        rows.append(papers @ (mean / length if length else mean))
    return _stacked(rows, candidates)


def centroid_of_keywords(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score by the cosine with the TF-IDF vector of the keywords, joined to one text."""
    words = corpus.tfidf_of(" ".join(one.keywords) for one in asked)
    return _product(words, corpus.tfidf[candidates])


def arxiv_sanity(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score as arxiv-sanity-lite does (karpathy/arxiv-sanity-lite, send_emails.py).

    `LinearSVC(class_weight="balanced", C=0.01, tol=1e-6, max_iter=10000)` on TF-IDF vectors, one
    fit for each reader, with all other papers as negatives; those that are ranked are among them,
    as they are there. Author names, which it reads too, are not in the data.
    """
    features = _matrix(corpus.tfidf)
    papers = features[candidates]
    rows = []
    for one in asked:
        liked = np.zeros(features.shape[0], np.int64)
        liked[list(one.likes)] = 1
        model = LinearSVC(class_weight="balanced", C=0.01, tol=1e-6, max_iter=10_000)
        # Where its solver starts from must not depend on what ran before.
        model.set_params(random_state=corpus.seed).fit(features, liked)
        rows.append(model.decision_function(papers))
    return _stacked(rows, candidates)


def arxiv_sanity_search(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score as arxiv-sanity-lite's search does (serve.py), for the words of all keywords.

    20 for each word that is in the title, and one for each time that it is in the abstract, at
    most 3; words are found within others too.
    """
    papers = [corpus.lowered[place] for place in candidates]
    scores = np.zeros((len(asked), len(candidates)), np.float32)
    for row, one in enumerate(asked):
        for word in " ".join(one.keywords).lower().split():
            scores[row] += [
                20 * (word in title) + min(3, abstract.count(word)) for title, abstract in papers
            ]
    return scores


def zotero_arxiv_daily(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score as zotero-arxiv-daily does (TideDra/zotero-arxiv-daily, reranker/base.py).

    The weighted mean of cosines with the likes, newest first: the k-th counts
    `1 / (1 + log10 k)`, and a paper like all of them has 10. The vectors are those of the folder,
    not of its own model.
    """
    vectors = _vectors(corpus)
    papers = vectors[candidates]
    rows = []
    for one in asked:
        weights = 1 / (1 + np.log10(np.arange(1, len(one.likes) + 1)))
        newest = vectors[list(reversed(one.likes))]
        rows.append(papers @ (10 * (weights / weights.sum()) @ newest))
    return _stacked(rows, candidates)


def scholar_inbox(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score as Scholar Inbox's classifier does, on TF-IDF vectors."""
    return _classified(_matrix(corpus.tfidf), _STRONG, corpus.seed, asked, candidates)


def scholar_inbox_vectors(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score as Scholar Inbox's classifier does, on the sentence vectors of the folder."""
    return _classified(_vectors(corpus), _STRONG, corpus.seed, asked, candidates)


def scholar_inbox_published(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score by the same with the strength and weights of its research code.

    GlennAng/msc_thesis, logreg/weights_handler.py, without papers voted down.
    """
    return _classified(_vectors(corpus), _PUBLISHED, corpus.seed, asked, candidates)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a logistic regression is fitted.

    `strength` is scikit-learn's C for samples whose mean weight is near one; all `negatives`
    together weigh `weight` times as much as all likes.
    """

    strength: float
    negatives: int
    weight: float


_STRONG = _Fit(strength=10, negatives=2000, weight=1)
_PUBLISHED = _Fit(strength=0.2, negatives=5000, weight=5)


def _classified(
    features: sparse.csr_matrix | Floats,
    fit: _Fit,
    seed: int,
    asked: Sequence[Asked],
    candidates: Indices,
) -> Floats:
    """Score by logistic regression on likes against papers drawn from those that are not ranked."""
    papers = features[candidates]
    everything = np.arange(features.shape[0])
    others = np.setdiff1d(everything, candidates)
    rows = []
    for one in asked:
        pool = np.setdiff1d(others, one.likes)
        if not len(pool):
            pool = np.setdiff1d(everything, one.likes)
        drawn = np.random.default_rng([seed, one.reader]).permutation(pool)[: fit.negatives]
        half = (len(one.likes) + len(drawn)) / 2
        weights = {1: half / len(one.likes), 0: fit.weight * half / max(1, len(drawn))}
        model = LogisticRegression(C=fit.strength, class_weight=weights, max_iter=10_000)
        model.fit(
            features[np.concatenate([np.array(one.likes), drawn])],
            np.repeat([1, 0], [len(one.likes), len(drawn)]),
        )
        rows.append(model.decision_function(papers))
    return _stacked(rows, candidates)


def bm25(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score as arXivDigest does (iai-group/arXivDigest, sample/system.py): BM25 of topics.

    The topics of somebody who has given none are the 20 terms that are worth most in their likes.
    """
    queries = []
    for one in asked:
        worth = np.asarray(corpus.bm25[list(one.likes)].sum(axis=0)).ravel()
        query = np.zeros_like(worth)
        best = np.argsort(-worth, kind="stable")[:_TOP_TERMS]
        query[best] = worth[best] > 0
        queries.append(sparse.csr_array(query[None, :]))
    return _product(sparse.csr_array(sparse.vstack(queries)), corpus.bm25[candidates])


def bm25_of_keywords(corpus: Corpus, asked: Sequence[Asked], candidates: Indices) -> Floats:
    """Score as arXivDigest does: the sum of what BM25 gives for each keyword."""
    queries = corpus.queries(" ".join(one.keywords) for one in asked)
    return _product(queries, corpus.bm25[candidates])


def _product(queries: sparse.csr_array, papers: sparse.csr_array) -> Floats:
    return np.asarray((queries @ papers.T).toarray(), np.float32)


def _matrix(features: sparse.csr_array) -> sparse.csr_matrix:
    """Return the same in double precision, as scikit-learn's solvers would make it each time."""
    return sparse.csr_matrix(features.astype(np.float64))


def _vectors(corpus: Corpus) -> Floats:
    if corpus.vectors is None:
        raise ValueError("this ranker needs sentence vectors")
    return corpus.vectors


def _stacked(rows: Sequence[npt.NDArray[np.floating]], candidates: Indices) -> Floats:
    return np.asarray(rows, np.float32).reshape(len(rows), len(candidates))
