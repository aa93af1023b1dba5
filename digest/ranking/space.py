"""Papers and words as vectors: their terms and, with a sentence model, what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ports import Embeddings
from digest.ranking.lexicon import Lexicon
from digest.ranking.text import words

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64] | Sequence[int] | slice

# What meaning counts beside terms: little where abstracts have the words, much for titles alone.
_LITTLE = 24  # divided by the words of a usual paper
_MOST = 0.75
_OF_WORDS = 4  # how many times as much it counts for somebody's few words

_BLOCK = 256  # rows of a large product that are made at a time


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """Rows whose products are cosines: TF-IDF `terms` and `meanings`, together of length one.

    `meanings` has no columns without a sentence model.
    """

    terms: sparse.csr_array
    meanings: Floats

    def __len__(self) -> int:
        return int(self.terms.shape[0])

    def __getitem__(self, rows: Rows) -> Vectors:
        return Vectors(self.terms[rows], self.meanings[rows])

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Vectors:
        """Put rows under each other."""
        terms = sparse.csr_array(sparse.vstack([part.terms for part in parts]))
        return Vectors(terms, np.concatenate([part.meanings for part in parts]))

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Return which rows say anything at all."""
        known: npt.NDArray[np.bool_] = (np.diff(self.terms.indptr) > 0) | self.meanings.any(axis=1)
        return known


class Columns:
    """Vectors to be met by others, by term: a row meets only those that share one with it."""

    def __init__(self, vectors: Vectors) -> None:
        self._terms = sparse.csr_array(vectors.terms.T)
        self._meanings: Floats = vectors.meanings.T
        self._count = len(vectors)

    def cosines(self, rows: Vectors) -> Floats:
        """Return the cosines of rows with all columns."""
        found = np.empty((len(rows), self._count), np.float32)
        # A block at a time: a sparse product takes three times the room of a plain one.
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = (rows.terms[block] @ self._terms).toarray()
            if len(self._meanings):
                found[block] += rows.meanings[block] @ self._meanings
        return found


class Space:
    """The terms of a corpus and, with embeddings, what its papers mean.

    Sentence vectors are taken from the middle of the corpus: what all papers have in common says
    nothing of one. With the weight `w = min(0.75, 24 / words of a paper)`, 0.13 for usual
    abstracts, a paper is `terms` and `w ** 0.5 * meaning` together, scaled to the length one. One
    of which the model makes nothing (zeros, or what is no number) is its terms.
    """

    def __init__(self, lexicon: Lexicon, embeddings: Embeddings | None) -> None:
        self.lexicon = lexicon
        self._embeddings = embeddings
        self._middle: Floats = np.zeros(0, np.float32)
        self._weight = 0.0

    @classmethod
    def fit(
        cls, documents: Sequence[tuple[str, str]], embeddings: Embeddings | None
    ) -> tuple[Self, Vectors]:
        """Learn from the (title, abstract) of papers; return the space and their vectors."""
        lexicon, terms = Lexicon.fit(documents)
        self = cls(lexicon, embeddings)
        texts = [text_of(*one) for one in documents]
        sentences = embeddings.of_papers(texts) if embeddings and texts else None
        if sentences is None:
            self._embeddings = None
        else:
            lengths = np.array([len(words(text)) for text in texts])
            self._weight = min(_MOST, _LITTLE / max(1.0, float(lengths.mean())))
            telling = sentences[_telling(sentences)]
            self._middle = telling.sum(axis=0, dtype=np.float32) / max(1, len(telling))
        return self, self._joined(terms, texts, sentences, self._weight)

    @property
    def has_meaning(self) -> bool:
        """Return whether papers are known by more than their terms."""
        return self._embeddings is not None

    def papers(self, documents: Sequence[tuple[str, str]]) -> Vectors:
        """Return the vectors of other papers."""
        texts = [text_of(*one) for one in documents]
        sentences = self._embeddings.of_papers(texts) if self._embeddings and texts else None
        return self._joined(self.lexicon.vectors(documents), texts, sentences, self._weight)

    def words(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of what somebody wrote: few words, so the meaning counts more."""
        sentences = self._embeddings.of_words(texts) if self._embeddings and texts else None
        terms = self.lexicon.vectors([("", text) for text in texts])
        # Of a cosine with a paper, meaning has the geometric mean of both weights.
        return self._joined(terms, texts, sentences, _OF_WORDS**2 * self._weight)

    def _joined(
        self,
        terms: sparse.csr_array,
        texts: Sequence[str],
        sentences: Floats | None,
        weight: float,
    ) -> Vectors:
        if sentences is None:
            return Vectors(terms, np.zeros((len(texts), len(self._middle)), np.float32))
        told = _telling(sentences) & np.array([bool(words(text)) for text in texts], np.bool_)
        meanings = np.where(told[:, None], sentences - self._middle, np.float32(0))
        lengths = np.linalg.norm(meanings, axis=1, keepdims=True)
        worth = np.where(lengths < 1e-6, np.float32(0), np.float32((weight / (1 + weight)) ** 0.5))
        meanings = meanings * worth / np.maximum(lengths, np.float32(1e-6))
        scaled = terms.copy()
        scaled.data *= np.repeat((1 - worth[:, 0] ** 2) ** np.float32(0.5), np.diff(terms.indptr))
        return Vectors(scaled, meanings.astype(np.float32))


def _telling(sentences: Floats) -> npt.NDArray[np.bool_]:
    """Return which rows say anything: those of numbers that are not all zero."""
    telling: npt.NDArray[np.bool_] = np.all(np.isfinite(sentences), axis=1) & sentences.any(axis=1)
    return telling


def text_of(title: str, abstract: str) -> str:
    """Return a paper as a sentence model reads it."""
    return ". ".join(part for part in (title, abstract) if part)
