"""The papers of a collection as the peers see them; each view is made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from digest.errors import EvaluationDataError
from digest.evaluation.data import Document

Floats = npt.NDArray[np.float32]

# arxiv-sanity-lite, compute.py.
_FEATURES = 20_000
_LEAST, _MOST = 5, 0.1
_TOKEN = r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b"  # noqa: S105 - a word, not a secret

# Elasticsearch's defaults.
_K1, _B = 1.2, 0.75


class Corpus:
    """Papers with the features that several rankers share.

    `vectors` are sentence vectors of unit length, a row for each paper, where there are any.
    `seed` is for rankers that draw by chance.
    """

    def __init__(
        self, documents: Sequence[Document], *, vectors: Floats | None = None, seed: int = 0
    ) -> None:
        self.documents = documents
        self.vectors = vectors
        self.seed = seed

    @cached_property
    def texts(self) -> list[str]:
        """Return "title. abstract" of each paper."""
        return [document.text for document in self.documents]

    @cached_property
    def lowered(self) -> list[tuple[str, str]]:
        """Return title and abstract of each paper in small letters."""
        return [(one.title.lower(), one.abstract.lower()) for one in self.documents]

    @property
    def tfidf(self) -> sparse.csr_array:
        """Return arxiv-sanity-lite's TF-IDF vectors, rows of unit length."""
        return self._sanity[1]

    def tfidf_of(self, texts: Iterable[str]) -> sparse.csr_array:
        """Return the same of other texts."""
        return sparse.csr_array(self._sanity[0].transform(texts))

    @cached_property
    def _sanity(self) -> tuple[TfidfVectorizer, sparse.csr_array]:
        try:
            return self._fit(least=_LEAST, most=_MOST)
        except ValueError:
            # In a small set no term is in five papers and in at most a tenth: then all are kept.
            try:
                return self._fit(least=1, most=1.0)
            except ValueError as error:
                raise _wordless() from error

    def _fit(self, *, least: int, most: float) -> tuple[TfidfVectorizer, sparse.csr_array]:
        vectorizer = TfidfVectorizer(
            strip_accents="unicode",
            stop_words="english",
            token_pattern=_TOKEN,
            ngram_range=(1, 2),
            max_features=_FEATURES,
            sublinear_tf=True,
            min_df=least,
            max_df=most,
            dtype=np.float32,
        )
        return vectorizer, sparse.csr_array(vectorizer.fit_transform(self.texts))

    @property
    def bm25(self) -> sparse.csr_array:
        """Return what each term (column) is worth in each paper (row), by BM25.

        `ln(1 + (N - df + 0.5) / (df + 0.5)) * tf (k1 + 1) / (tf + k1 (1 - b + b length / mean))`
        with k1 1.2 and b 0.75, as Lucene has it (Robertson and Zaragoza 2009).
        """
        return self._lucene[1]

    def queries(self, texts: Iterable[str]) -> sparse.csr_array:
        """Return how often each term of `bm25` stands in each text."""
        return sparse.csr_array(self._lucene[0].transform(texts), dtype=np.float32)

    @cached_property
    def _lucene(self) -> tuple[CountVectorizer, sparse.csr_array]:
        vectorizer = CountVectorizer(strip_accents="unicode", stop_words="english")
        try:
            counts = sparse.csr_array(vectorizer.fit_transform(self.texts), dtype=np.float64)
        except ValueError as error:
            raise _wordless() from error
        papers = counts.shape[0]
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        worth = np.log1p((papers - frequency + 0.5) / (frequency + 0.5))
        slack = _K1 * (1 - _B + _B * lengths / lengths.mean())
        rows = np.repeat(np.arange(papers), np.diff(counts.indptr))
        tf = counts.data
        counts.data = worth[counts.indices] * tf * (_K1 + 1) / (tf + slack[rows])
        return vectorizer, counts.astype(np.float32)


def _wordless() -> EvaluationDataError:
    return EvaluationDataError(
        'no paper has a word that tells something: check "title" and "abstract" in papers.jsonl'
    )
