"""What makes up a closeness: the terms of a paper, its meaning, the papers that it is near to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from digest.model import Paper, Summand, SummandKind
from digest.ranking.relevance import NEAREST, NEAREST_SHARE, Relevance, shrinkage
from digest.ranking.space import Space, Vectors
from digest.ranking.terms import Spelling, distinct

Floats = npt.NDArray[np.float32]
Columns = npt.NDArray[np.int64]

_KEPT = 4096  # papers whose terms are remembered
_LOOKED_AT = 12  # of the terms that count most, to find some that a person would read


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Likes, or somebody's words, as one vector: `terms` by `columns`, in order, and `meaning`.

    What a paper has of it counts `scale` times: what it has beyond the expected, of which only
    `shrink` is taken off, and `nearness` of what it has at all.
    """

    columns: Columns
    terms: Floats
    meaning: Floats
    scale: float
    shrink: float
    nearness: float

    @classmethod
    def of(
        cls, vectors: Vectors, shares: Floats, *, scale: float = 1.0, nearness: float = 0.0
    ) -> Part:
        """Add up vectors, of each its share."""
        # By hand: a product would go through all terms that there are.
        columns, places = np.unique(vectors.terms.indices, return_inverse=True)
        worth = vectors.terms.data * np.repeat(shares, np.diff(vectors.terms.indptr))
        return cls(
            columns.astype(np.int64),
            np.bincount(places, weights=worth, minlength=len(columns)).astype(np.float32),
            shares @ vectors.meanings,
            100 * scale,
            float(shrinkage(len(shares))),
            nearness,
        )

    def at(self, columns: Columns) -> Floats:
        """Return what it has of other terms."""
        if not len(self.columns):
            return np.zeros(len(columns), np.float32)
        places = np.minimum(np.searchsorted(self.columns, columns), len(self.columns) - 1)
        found: Floats = self.terms[places] * (self.columns[places] == columns)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Paper:
    """The terms of a paper: what it has of each, and what the background leads one to expect."""

    columns: Columns
    naming: Floats
    own: Floats
    expected: Floats
    expected_meaning: Floats


class Accounts:
    """The accounts of the candidates."""

    def __init__(
        self, space: Space, relevance: Relevance, candidates: Vectors, papers: Sequence[Paper]
    ) -> None:
        self._space = space
        self._relevance = relevance
        self._candidates = candidates
        self._papers = papers
        self._known = lru_cache(_KEPT)(self._know)
        self._spelling = lru_cache(_KEPT)(self._spell)

    def terms(
        self,
        parts: Sequence[Part],
        paper: int,
        most: int,
        *,
        among: npt.NDArray[np.integer] | None = None,
    ) -> list[str]:
        """Return the terms of a paper that count most, as it writes them.

        Only such as a person would read and that name a subject, none that says a word again, and
        only some `among` others if these are given.
        """
        known = self._known(paper)
        worth = self._worth(parts, known) * known.naming
        if among is not None:
            worth = worth * np.isin(known.columns, among)
        best = np.argsort(-worth, kind="stable")[:_LOOKED_AT]
        spelling = self._spelling(paper)
        columns = known.columns[best[worth[best] > 0]].tolist()
        return distinct(map(spelling.term, columns), most)

    def summands(self, parts: Sequence[Part], paper: int) -> Iterator[Summand]:
        """Yield what makes up the closeness of a paper, but for what it has by being near."""
        known = self._known(paper)
        worth = self._worth(parts, known)
        spelling = self._spelling(paper)
        for place in np.argsort(-worth, kind="stable"):
            if worth[place]:
                term = spelling.term(int(known.columns[place]))
                yield Summand(SummandKind.TERM, term, float(worth[place]))
        if len(known.expected_meaning):
            meaning = self._meaning(parts, paper)
            yield Summand(SummandKind.MEANING, "what it means as a whole", meaning)
        absent = 0.0
        for part in parts:
            others = ~np.isin(part.columns, known.columns)
            expected = self._relevance.expected(paper, part.columns[others])
            absent -= part.scale * part.shrink * float(part.terms[others] @ expected)
        if absent:
            yield Summand(SummandKind.ABSENT, "terms that it does not have", absent)

    def meant(self, parts: Sequence[Part], paper: int) -> float:
        """Return the share that meaning has beside the terms that bring a paper closer (0..1)."""
        known = self._known(paper)
        if not len(known.expected_meaning):
            return 0.0
        meaning = max(0.0, self._meaning(parts, paper))
        terms = float(np.maximum(self._worth(parts, known), 0).sum())
        return meaning / (meaning + terms) if meaning else 0.0

    def _meaning(self, parts: Sequence[Part], paper: int) -> float:
        own, expected = self._candidates.meanings[paper], self._known(paper).expected_meaning
        total = 0.0
        for part in parts:
            beyond = (1 + part.nearness) * own - part.shrink * expected
            total += part.scale * float(part.meaning @ beyond)
        return total

    def _worth(self, parts: Sequence[Part], known: _Paper) -> Floats:
        worth = np.zeros(len(known.columns), np.float32)
        for part in parts:
            beyond = (1 + part.nearness) * known.own - part.shrink * known.expected
            worth += part.scale * part.at(known.columns) * beyond
        return worth

    def _know(self, paper: int) -> _Paper:
        terms = self._candidates.terms
        start, end = terms.indptr[paper : paper + 2]
        columns = terms.indices[start:end].astype(np.int64)
        return _Paper(
            columns,
            self._space.lexicon.naming[columns],
            terms.data[start:end],
            self._relevance.expected(paper, columns),
            self._relevance.expected_meaning(paper),
        )

    def _spell(self, paper: int) -> Spelling:
        one = self._papers[paper]
        return self._space.lexicon.spelling(one.title, one.abstract)


def nearest(cosines: Floats, *, scale: float = 1.0) -> dict[int, float]:
    """Return what each of the nearest likes adds for being near, by its row; nearest first."""
    best = np.argsort(-cosines, kind="stable")[:NEAREST]
    each = 100 * scale * NEAREST_SHARE / len(best)
    return {int(row): each * float(cosines[row]) for row in best}
