"""Papers -> what they are about, learned from an archive itself: for finding, not for explaining.

Latent semantic analysis (Deerwester et al. 1990): words that keep the same company point the same
way, so that a paper on "representations" is near one on "features" without sharing a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.ranking import arrays
from digest.ranking.text import STOP_WORDS, stemmed, words

Floats = npt.NDArray[np.float32]

AXES = 96
_TITLE = 3  # how often a title counts
_LEAST = 5  # papers that have a word of the vocabulary
_MOST = 0.2  # of all papers: more common words tell nothing
_MOST_WORDS = 20_000
_MOST_KNOWN = 300_000  # words whose stems are remembered


class Latent:
    """A space of 96 axes in which papers of one subject lie close together."""

    def __init__(self, stems: Sequence[str], weights: Floats, axes: Floats, middle: Floats) -> None:
        self._stems = list(stems)
        self._columns = {stem: column for column, stem in enumerate(self._stems)}
        self._weights = weights
        self._axes = axes  # [words, axes]
        self._middle = middle
        self._known = _Stems()

    @classmethod
    def learn(cls, documents: Sequence[tuple[str, str]]) -> Self:
        """Learn from the (title, abstract) of some thousand papers; the same from the same."""
        from sklearn.utils.extmath import randomized_svd

        known = _Stems()
        counted = [_counts(*document, known) for document in documents]
        frequency = Counter(stem for counts in counted for stem in counts)
        kept = [
            (stem, number)
            for stem, number in frequency.most_common()
            if _LEAST <= number <= _MOST * len(documents)
        ][:_MOST_WORDS]
        stems = sorted(stem for stem, _ in kept)
        shares = np.array([frequency[stem] / len(documents) for stem in stems], np.float32)
        empty = np.zeros(0, np.float32)
        self = cls(stems, -np.log(shares), np.zeros((len(stems), 0), np.float32), empty)
        vectors = self._weighed(counted)
        # Where there are few words, fewer axes: with one for each word nothing is brought together.
        axes = min(AXES, len(stems) // 4, len(documents) - 1)
        if axes < 1:
            return self
        *_, across = randomized_svd(vectors, axes, n_iter=2, random_state=0)
        self._axes = np.ascontiguousarray(across.T, dtype=np.float32)
        self._middle = (vectors @ self._axes).mean(axis=0)
        return self

    def vectors(self, documents: Sequence[tuple[str, str]]) -> Floats:
        """Return a row of unit length for each (title, abstract), zero if nothing is known."""
        weighed = self._weighed([_counts(*document, self._known) for document in documents])
        found: Floats = weighed @ self._axes - self._middle
        found[np.diff(weighed.indptr) == 0] = 0
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        found /= np.maximum(lengths, np.float32(1e-6))
        return found

    def to_bytes(self) -> bytes:
        """Return the space as bytes, to be kept."""
        return arrays.to_bytes(
            {
                "stems": np.frombuffer("\n".join(self._stems).encode(), np.uint8),
                "weights": self._weights,
                "axes": self._axes.astype(np.float16),
                "middle": self._middle,
            }
        )

    @classmethod
    def from_bytes(cls, kept: bytes) -> Self:
        """Return a space that was kept."""
        found = arrays.from_bytes(kept)
        stems, axes = found["stems"].tobytes().decode().split(), found["axes"].astype(np.float32)
        return cls(stems, found["weights"], axes, found["middle"])

    def _weighed(self, counted: Sequence[Counter[str]]) -> sparse.csr_array:
        columns: list[int] = []
        counts: list[int] = []
        ends = [0]
        for document in counted:
            for stem, number in document.items():
                column = self._columns.get(stem)
                if column is not None:
                    columns.append(column)
                    counts.append(number)
            ends.append(len(columns))
        places = np.array(columns, np.int32)
        values = (1 + np.log(np.array(counts, np.float32))) * self._weights[places]
        ends_ = np.array(ends, np.int64)
        squares = np.concatenate([[0.0], np.cumsum(np.square(values, dtype=np.float64))])
        lengths = np.sqrt(squares[ends_[1:]] - squares[ends_[:-1]])
        lengths[lengths == 0] = 1
        values = (values / np.repeat(lengths, np.diff(ends_))).astype(np.float32)
        shape = (len(counted), len(self._stems))
        return sparse.csr_array((values, places, ends_), shape=shape)


class _Stems(dict[str, str]):
    """The stems of words, empty where a word tells nothing; each is worked out once."""

    def __missing__(self, word: str) -> str:
        stem = "" if word in STOP_WORDS or word.isdecimal() else stemmed([word])[0]
        if len(self) < _MOST_KNOWN:
            self[word] = stem
        return stem


def _counts(title: str, abstract: str, stems: _Stems) -> Counter[str]:
    """Count the stems of a paper, those of its title three times."""
    counts = Counter(stems[word] for word in words(abstract))
    for word in words(title):
        counts[stems[word]] += _TITLE
    del counts[""]
    return counts
