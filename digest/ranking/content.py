"""How close the candidates are in content to texts and to papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.model import Paper
from digest.ports import Embeddings
from digest.ranking import explain
from digest.ranking.relevance import Library, Relevance
from digest.ranking.space import Space, Vectors
from digest.ranking.taste import SharedTaste

Floats = npt.NDArray[np.float32]
Scale = tuple[float, float]

MOST_BY_CONTENT = 0.9

# Content counts from so many hundredths of cosine above the usual on, and is worth 63% of the
# most after so many more.
_LIKES_SCALE: Scale = (2.5, 6.0)
_WORDS_SCALE: Scale = (3.0, 12.0)

_BACKGROUND = 1000  # papers; three times as many rank hardly better and cost thrice
_ENOUGH = 200  # papers of earlier days; with fewer, the candidates are counted in
_BATCH = 256  # texts or papers that are met at a time: enough to share work
_TELLING = 300  # the words of a text that are looked for in a paper to say what they share


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The terms that tell most of what something is about, in the order of their columns."""

    columns: npt.NDArray[np.int64]
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Closeness:
    """How strongly each candidate is close to something (0..1), and how it leans to it (0..1)."""

    strength: Floats
    lean: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Words(Closeness):
    """The same of a text, with the papers of the background that it stands for.

    `closeness` is in hundredths of cosine above the usual; those of several texts can be added.
    """

    closeness: Floats
    text: str
    rows: npt.NDArray[np.int64]
    shares: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Likes(Closeness):
    """The same of liked papers, with the nearest one of them and its cosine.

    `vectors` (their `rows`) and `shares` make up what they are about.
    """

    nearest: npt.NDArray[np.int32]
    cosine: Floats
    papers: Sequence[Paper]
    vectors: Vectors
    rows: npt.NDArray[np.int64]
    shares: Floats


class Content:
    """What the candidates and the papers around them are about."""

    def __init__(
        self,
        candidates: Sequence[Paper],
        others: Sequence[Paper],
        libraries: Sequence[Sequence[Paper]],
        embeddings: Embeddings | None,
    ) -> None:
        corpus = [*candidates, *others]
        self._rows = {paper.key: row for row, paper in enumerate(corpus)}
        documents = [(one.title, one.abstract) for one in corpus]
        self._space, self._corpus = Space.fit(documents, embeddings)
        self._candidates = self._corpus[: len(candidates)]
        self._background = self._corpus[_background(len(candidates), len(corpus))]
        self._relevance = Relevance(self._background, self._candidates)
        liked = {paper.key: paper for library in libraries for paper in library}
        self._liked = {key: row for row, key in enumerate(liked)}
        self._taste = SharedTaste.learn(
            lambda: self._vectors(list(liked.values())),
            [[self._liked[paper.key] for paper in library] for library in libraries],
            self._candidates,
        )

    def words(self, texts: Sequence[str]) -> list[Words | None]:
        """Return how close the candidates are to texts; `None` for one without a known word."""
        found: list[Words | None] = []
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            vectors = self._space.words(batch)
            one = [1] * len(batch)
            libraries = self._relevance.libraries(vectors, one, one)
            found += map(self._words, batch, libraries)
        return found

    def _words(self, text: str, library: Library | None) -> Words | None:
        if library is None:
            return None
        closeness = self._relevance.score(library)
        expansion = self._relevance.expansion(library)
        rows, share = np.empty(0, np.int64), np.empty(0, np.float32)
        if expansion is not None:
            closeness = (closeness + self._relevance.score(expansion)) * np.float32(0.5)
            rows, share = expansion.rows, expansion.shares
        lean = _lean(closeness, _WORDS_SCALE)
        strength = _strong(closeness, _WORDS_SCALE)
        if not self._space.has_meaning:
            # What is near to half of somebody's words need not be near to what they mean.
            known = np.float32(self._space.lexicon.coverage(text))
            strength, closeness = known * strength, known * closeness
        return Words(strength, lean, closeness, text, rows, share)

    def likes(self, liked: Sequence[Sequence[Paper]]) -> list[Likes | None]:
        """Return how close the candidates are to each of several groups of liked papers.

        `None` for a group without a known word.
        """
        return [
            None if library is None else self._likes(papers, vectors, start, library)
            for papers, vectors, start, library in self._meet(liked)
        ]

    def _likes(
        self, papers: Sequence[Paper], vectors: Vectors, start: int, library: Library
    ) -> Likes:
        closeness = self._relevance.score(library)
        if self._taste is not None:
            known = [self._liked[one.key] for one in papers if one.key in self._liked]
            closeness = self._taste.added(closeness, known)
        cosines = library.cosines[:, : len(closeness)]
        return Likes(
            strength=_strong(closeness, _LIKES_SCALE),
            lean=_lean(closeness, _LIKES_SCALE),
            nearest=library.rows[cosines.argmax(axis=0)].astype(np.int32),
            cosine=cosines.max(axis=0),
            papers=papers,
            vectors=vectors,
            rows=start + library.rows,
            shares=library.shares,
        )

    def like_papers(self, unwanted: Sequence[Sequence[Paper]]) -> list[Floats | None]:
        """Return how strongly each candidate is like each of several groups of papers."""
        return [self._like(library) for *_, library in self._meet(unwanted)]

    def like_texts(self, texts: Sequence[str], weights: Sequence[float]) -> Floats | None:
        """Return how strongly each candidate is like unwanted texts."""
        vectors = self._space.words(texts)
        (library,) = self._relevance.libraries(vectors, [len(texts)], weights)
        return self._like(library)

    def _like(self, library: Library | None) -> Floats | None:
        return None if library is None else _strong(self._relevance.score(library), _LIKES_SCALE)

    def _meet(
        self, groups: Sequence[Sequence[Paper]]
    ) -> Iterator[tuple[Sequence[Paper], Vectors, int, Library | None]]:
        """Yield each group of papers with vectors, where its own begin, and its library."""
        for batch in _batches(groups):
            counts = [len(group) for group in batch]
            vectors = self._vectors([paper for group in batch for paper in group])
            libraries = self._relevance.libraries(vectors, counts, [1.0] * sum(counts))
            start = 0
            for group, library in zip(batch, libraries, strict=True):
                yield group, vectors, start, library
                start += len(group)

    # Why.

    def terms_of_words(self, words: Words) -> Terms:
        """Return what a text is about, and the papers that it stands for."""
        own = self._space.lexicon.vectors([("", words.text)])
        them = self._background.terms[words.rows]
        one = np.ones(1, np.float32)
        return _terms(sparse.vstack([own, them]).tocsr(), np.concatenate([one, words.shares]))

    def terms_of_likes(self, likes: Likes) -> Terms:
        """Return what liked papers are about."""
        return _terms(likes.vectors.terms[likes.rows], likes.shares)

    def shared(self, terms: Terms, row: int) -> list[str]:
        """Return up to three terms that bring a candidate closest to others."""
        candidates = self._candidates.terms
        start, end = candidates.indptr[row : row + 2]
        columns = candidates.indices[start:end]
        places = np.minimum(np.searchsorted(terms.columns, columns), len(terms.columns) - 1)
        same = terms.columns[places] == columns
        worth = candidates.data[start:end] * terms.weights[places] * same
        best = [place for place in np.argsort(-worth, kind="stable")[:8] if worth[place] > 0]
        return explain.distinct([self._space.lexicon.term(columns[place]) for place in best])[:3]

    def row(self, key: str) -> int | None:
        """Return the row of a candidate."""
        row = self._rows.get(key)
        return row if row is not None and row < len(self._candidates) else None

    def _vectors(self, papers: Sequence[Paper]) -> Vectors:
        strange = [paper for paper in papers if paper.key not in self._rows]
        known = [paper for paper in papers if paper.key in self._rows]
        vectors = self._corpus[[self._rows[paper.key] for paper in known]]
        if not strange:
            return vectors
        more = self._space.papers([(paper.title, paper.abstract) for paper in strange])
        places = {paper.key: place for place, paper in enumerate([*known, *strange])}
        both = Vectors.stack([vectors, more])
        return both[[places[paper.key] for paper in papers]]


def together(words: Sequence[Words], weights: Sequence[float]) -> Floats:
    """Return how strongly each candidate is close to all of several texts taken together (0..1).

    The sum of their vectors has the sum of their closeness, and, where they have little in
    common, the length by which it is divided.
    """
    given = (np.asarray(weights) / max(weights)).astype(np.float32)
    closeness = sum(
        (weight * one.closeness for weight, one in zip(given, words, strict=True)),
        np.zeros_like(words[0].closeness),
    )
    return _strong(closeness / np.sqrt(given @ given), _WORDS_SCALE)


def _batches(groups: Sequence[Sequence[Paper]]) -> Iterator[list[Sequence[Paper]]]:
    """Yield groups together, so many that they hold about 256 papers."""
    batch: list[Sequence[Paper]] = []
    held = 0
    for group in groups:
        batch.append(group)
        held += len(group)
        if held >= _BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _strong(closeness: Floats, scale: Scale) -> Floats:
    least, width = scale
    strength: Floats = MOST_BY_CONTENT * -np.expm1(-np.maximum(0.0, closeness - least) / width)
    return strength


def _lean(closeness: Floats, scale: Scale) -> Floats:
    lean: Floats = np.maximum(0.0, np.tanh(closeness / scale[0]))
    return lean


def _terms(vectors: sparse.csr_array, shares: Floats) -> Terms:
    """Return the terms that tell most of the sum of vectors, of each its share."""
    # By hand: a product would go through all terms that there are.
    columns, places = np.unique(vectors.indices, return_inverse=True)
    worth = vectors.data * np.repeat(shares, np.diff(vectors.indptr))
    weights = np.bincount(places, weights=worth, minlength=len(columns))
    best = np.sort(np.argsort(-weights, kind="stable")[:_TELLING])
    return Terms(columns[best].astype(np.int64), weights[best].astype(np.float32))


def _background(candidates: int, corpus: int) -> npt.NDArray[np.int64]:
    """Choose the papers that others are held against: evenly, those of earlier days if they do."""
    first = candidates if corpus - candidates >= _ENOUGH else 0
    count = min(_BACKGROUND, corpus - first)
    return np.linspace(first, corpus - 1, count).astype(np.int64)
