"""How close the candidates are in content to texts and to papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from digest.model import Paper, Summand, SummandKind
from digest.ports import Embeddings
from digest.ranking.accounts import Accounts, Part, nearest
from digest.ranking.closeness import (
    DISLIKE_CURVE,
    LIKES_CURVE,
    WORDS_CURVE,
    Dislikes,
    Likes,
    Text,
    cosines,
    lean_at,
    likes_curve,
    strength_at,
)
from digest.ranking.relevance import NEAREST_SHARE, Library, Relevance, batches
from digest.ranking.space import Space, Vectors
from digest.ranking.taste import SharedTaste, added

Floats = npt.NDArray[np.float32]

_BACKGROUND = 1000  # papers; three times as many rank hardly better and cost thrice
_ENOUGH = 200  # papers of earlier days; with fewer, the candidates are counted in
_BATCH = 256  # texts or papers that are met at a time: enough to share work


@dataclass(frozen=True, slots=True, eq=False)
class _Met:
    """A group of papers with its library and how close each candidate is to it.

    `vectors` has the group's own from `start` on, among those it was met with.
    """

    papers: Sequence[Paper]
    vectors: Vectors
    start: int
    library: Library | None
    closeness: Floats


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
        self.accounts = Accounts(self._space, self._relevance, self._candidates, candidates)
        liked = {paper.key: paper for library in libraries for paper in library}
        self._liked = {key: row for row, key in enumerate(liked)}
        self._taste = SharedTaste.learn(
            lambda: self._kept(list(liked.values())),
            [[self._liked[paper.key] for paper in library] for library in libraries],
            self._candidates,
        )

    def words(self, texts: Sequence[str]) -> list[Text | None]:
        """Return how close the candidates are to texts; `None` for one without a known word."""
        found: list[Text | None] = []
        for start in range(0, len(texts), _BATCH):
            found += self._words(texts[start : start + _BATCH])
        return found

    def _words(self, texts: Sequence[str]) -> Iterator[Text | None]:
        vectors = self._space.words(texts)
        libraries = self._relevance.libraries(vectors, [1] * len(texts))
        expansions = [library and self._relevance.expansion(library) for library in libraries]
        scores, usual = self._relevance.scores_and_usual(libraries)
        wider, usual_wider = self._relevance.scores_and_usual(expansions)
        for row, (text, library, expansion) in enumerate(
            zip(texts, libraries, expansions, strict=True)
        ):
            if library is None:
                yield None
                continue
            closeness = scores[row].copy()
            rows, share = np.empty(0, np.int64), np.empty(0, np.float32)
            if expansion is not None:
                closeness = (closeness + wider[row]) * np.float32(0.5)
                usual[row] = (usual[row] + usual_wider[row]) / 2
                rows, share = expansion.rows, expansion.shares
            lean = lean_at(closeness, WORDS_CURVE)
            strength = strength_at(closeness, WORDS_CURVE)
            known = 1.0
            if not self._space.has_meaning:
                # What is near to half of somebody's words need not be near to what they mean.
                known = self._space.lexicon.coverage(text)
                strength, closeness = np.float32(known) * strength, np.float32(known) * closeness
            yield Text(
                closeness, strength, lean, text, vectors, row, rows, share, known, float(usual[row])
            )

    def likes(
        self, liked: Sequence[Sequence[Paper]], texts: Sequence[Sequence[Text]]
    ) -> list[Likes | None]:
        """Return how close the candidates are to each of several groups of liked papers.

        With how many of each group are about each of the texts that come with it. `None` for a
        group without a known word.
        """
        return [
            None if met.library is None else self._likes(met, met.library, asked)
            for met, asked in zip(self._meet(liked), texts, strict=True)
        ]

    def _likes(self, met: _Met, library: Library, texts: Sequence[Text]) -> Likes:
        papers = [met.papers[row] for row in library.rows]
        curve = likes_curve(len(papers), library.cohesion)
        closeness = met.closeness
        by_readers = None
        if self._taste is not None:
            by_readers = added(closeness, self._taste.found(self._shared(papers)))
            closeness = closeness + by_readers
        parts = library.shares[:, None] * library.cosines[:, : len(closeness)]
        carrier = parts.argmax(axis=0)
        most = np.take_along_axis(parts, carrier[None], axis=0)[0]
        return Likes(
            closeness=closeness,
            strength=strength_at(closeness, curve),
            lean=lean_at(closeness, LIKES_CURVE),
            curve=curve,
            carrier=carrier.astype(np.int32),
            carried=most / np.maximum(parts.sum(axis=0), 1e-6),
            by_readers=by_readers,
            papers=papers,
            vectors=met.vectors,
            rows=met.start + library.rows,
            shares=library.shares,
            about=self._about(met, library, texts) if texts else (),
        )

    def _about(self, met: _Met, library: Library, texts: Sequence[Text]) -> list[float]:
        """Count the likes that are about each text, by how close they are to it (0..1)."""
        group = met.vectors[met.start : met.start + len(met.papers)]
        near = np.ascontiguousarray(cosines(group, texts)[library.rows].T)
        for cosine, words in zip(near, texts, strict=True):
            if len(words.rows):
                wider = self._relevance.with_background(library, words.rows) @ words.shares
                cosine[:] = (cosine + wider) / 2
        usual = np.array([[words.usual] for words in texts], np.float32)
        about = strength_at(100 * (1 + NEAREST_SHARE) * near - usual, WORDS_CURVE).sum(axis=1)
        return [words.known * one for words, one in zip(texts, about.tolist(), strict=True)]

    def _shared(self, papers: Sequence[Paper]) -> list[int]:
        """Return the rows of those papers that readers share."""
        return [self._liked[one.key] for one in papers if one.key in self._liked]

    def dislikes(self, disliked: Sequence[Sequence[Paper]]) -> list[Dislikes | None]:
        """Return how strongly each candidate is like each of several groups of disliked papers."""
        return [
            None if met.library is None else self._dislikes(met.closeness, met.library)
            for met in self._meet(disliked)
        ]

    def _dislikes(self, closeness: Floats, library: Library) -> Dislikes:
        """Hold candidates against all of the papers together and against each by itself.

        The middle of papers on many subjects is near to nothing.
        """
        together = strength_at(closeness, LIKES_CURVE)
        place, near = self._relevance.nearest(library)
        alone = strength_at(near, DISLIKE_CURVE)
        return Dislikes(np.maximum(together, alone), np.where(alone > together, place, -1))

    def _meet(self, groups: Sequence[Sequence[Paper]]) -> Iterator[_Met]:
        for batch in batches(groups, _BATCH):
            counts = [len(group) for group in batch]
            vectors = self._vectors([paper for group in batch for paper in group])
            libraries = self._relevance.libraries(vectors, counts)
            scores = self._relevance.scores(libraries)
            start = 0
            for group, library, closeness in zip(batch, libraries, scores, strict=True):
                yield _Met(group, vectors, start, library, closeness)
                start += len(group)

    # Why; what is said of the same papers is the same as above.

    def parts_of_words(self, words: Text) -> list[Part]:
        """Return what a text is about: itself and the papers that stand for it."""
        one = np.ones(1, np.float32)
        if not len(words.rows):
            return [Part.of(words.own, one, nearness=NEAREST_SHARE)]
        return [
            Part.of(words.own, one, scale=0.5, nearness=NEAREST_SHARE),
            Part.of(self._background[words.rows], words.shares, scale=0.5),
        ]

    def summands_of_words(self, words: Text, column: int) -> list[Summand]:
        """Return what makes up the closeness of a candidate to a text, all of its words known."""
        (own,) = self._relevance.libraries(words.own, [1])
        assert own is not None
        found = [*self.accounts.summands(self.parts_of_words(words), column)]
        expansion = self._relevance.expansion(own)
        usual = self._relevance.usual(own)
        if expansion is not None:
            near = nearest(expansion.cosines[:, column], scale=0.5)
            name = f"near to {len(near)} of {len(expansion.rows)} papers that stand for it"
            found.append(Summand(SummandKind.EXPANSION, name, sum(near.values())))
            usual = (usual + self._relevance.usual(expansion)) / 2
        found.append(_usual(usual))
        return found

    def summands_of_likes(self, papers: Sequence[Paper], column: int) -> list[Summand]:
        """Return what makes up the closeness of a candidate to liked papers."""
        (met,) = self._meet([papers])
        found = self._summands(met.vectors, met.library, column, [one.title for one in papers])
        if self._taste is not None and met.library is not None:
            telling = [papers[row] for row in met.library.rows]
            parts = self._taste.shares(met.closeness, self._shared(telling), column)
            titles = [one.title for one in telling if one.key in self._liked]
            found += [
                Summand(SummandKind.READERS, title, float(part))
                for title, part in zip(titles, parts, strict=True)
            ]
        return found

    def summands_of_papers(self, papers: Sequence[Paper], column: int) -> list[Summand]:
        """Return what makes up the closeness of a candidate to papers, but for shared taste."""
        (met,) = self._meet([papers])
        return self._summands(met.vectors, met.library, column, [one.title for one in papers])

    def summands_of_paper(self, paper: Paper, column: int) -> list[Summand]:
        """Return what makes up the closeness of a candidate to one disliked paper by itself."""
        (met,) = self._meet([[paper]])
        if met.library is None:
            return []
        part = replace(Part.of(met.vectors, np.ones(1, np.float32)), shrink=0.0)
        (usual,) = self._relevance.usual_of_each(met.library)
        return [*self.accounts.summands([part], column), _usual(float(usual))]

    def _summands(
        self, vectors: Vectors, library: Library | None, column: int, names: Sequence[str]
    ) -> list[Summand]:
        if library is None:
            return []
        part = Part.of(vectors[library.rows], library.shares)
        return [
            *self.accounts.summands([part], column),
            *(
                Summand(SummandKind.PAPER, names[library.rows[row]], value)
                for row, value in nearest(library.cosines[:, column]).items()
            ),
            _usual(self._relevance.usual(library)),
        ]

    def sharers(self, likes: Likes, column: int) -> Paper:
        """Return the liked paper whose readers add most."""
        assert self._taste is not None
        assert likes.by_readers is not None
        known = [one for one in likes.papers if one.key in self._liked]
        alone = likes.closeness - likes.by_readers
        parts = self._taste.shares(alone, self._shared(likes.papers), column)
        return known[int(parts.argmax())]

    def row(self, key: str) -> int | None:
        """Return the row of a candidate."""
        row = self._rows.get(key)
        return row if row is not None and row < len(self._candidates) else None

    def _kept(self, papers: Sequence[Paper]) -> Vectors:
        """Return vectors of papers that are asked for again, reader by reader: keep them."""
        strange = [paper for paper in papers if paper.key not in self._rows]
        if strange:
            self._corpus = Vectors.stack([self._corpus, self._vectors(strange)])
            self._rows |= {paper.key: row for row, paper in enumerate(strange, len(self._rows))}
        return self._vectors(papers)

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


def _usual(value: float) -> Summand:
    return Summand(SummandKind.USUAL, "what the usual paper has", -value)


def _background(candidates: int, corpus: int) -> npt.NDArray[np.int64]:
    """Choose the papers that others are held against: evenly, those of earlier days if they do."""
    first = candidates if corpus - candidates >= _ENOUGH else 0
    count = min(_BACKGROUND, corpus - first)
    return np.linspace(first, corpus - 1, count).astype(np.int64)
