"""The ranker that is used unless another one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from scipy import sparse

from digest.model import Candidate, InterestKind, Paper, Profile, Scored
from digest.ranking import explain
from digest.ranking.blend import blend
from digest.ranking.evidence import Evidence
from digest.ranking.matching import Authors, Categories, Keywords
from digest.ranking.profiles import Wishes
from digest.ranking.relevance import Relevance, Taste
from digest.ranking.text import Lexicon
from digest.ranking.trending import trending

Floats = npt.NDArray[np.float64]

# How much each kind of match is worth on its own; docs/explanation/ranking.md has the reasons.
IN_TITLE = 0.6
IN_ABSTRACT = 0.4
AUTHOR = 0.8
FIRST_CATEGORY = 0.25
OTHER_CATEGORY = 0.18
LEAN = 0.25  # how much content moves a paper that matches by its category
MOST_BY_CONTENT = 0.9

# Content counts from so many hundredths of cosine above the usual on, and is worth 63% of the
# most after so many more.
_LIKES_SCALE = (2.5, 6.0)
_WORDS_SCALE = (3.0, 12.0)

_BACKGROUND = 2000  # papers
_ENOUGH = 200  # papers of earlier days; with fewer, the candidates are counted in
_NAMED = 200  # the best papers, whose shared words are looked up
_WORTH_NAMING = 0.1


class DefaultRanker:
    """Interests, feedback and attention, blended; see docs/explanation/ranking.md."""

    def fit(
        self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
    ) -> DefaultRanking:
        """Learn words from all papers and index the candidates."""
        return DefaultRanking(candidates, background, now)


class DefaultRanking:
    """The candidates of one edition; `score` may be called from several threads."""

    def __init__(
        self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
    ) -> None:
        # In the order of ties: newest first, then by key.
        self._candidates = sorted(
            {one.paper.key: one for one in candidates}.values(),
            key=lambda one: (-one.listed_at.timestamp(), one.paper.key),
        )
        papers = [one.paper for one in self._candidates]
        rows = {paper.key: row for row, paper in enumerate(papers)}
        others = {paper.key: paper for paper in background if paper.key not in rows}
        corpus = [*papers, *(others[key] for key in sorted(others))]
        self._rows = {paper.key: row for row, paper in enumerate(corpus)}
        self._lexicon, self._corpus = Lexicon.fit([(one.title, one.abstract) for one in corpus])
        self._vectors = self._corpus[: len(papers)]
        self._relevance = Relevance(self._corpus[_background(len(papers), len(corpus))])
        self._keywords = Keywords(papers)
        self._authors = Authors(papers)
        self._categories = Categories(papers)
        self._trending = np.array([trending(one.signals, now) for one in self._candidates])
        self._popularity = [explain.popularity(one, now) for one in self._candidates]
        self._popularity_alone = [
            explain.popularity(one, now, total=True) for one in self._candidates
        ]

    def score(self, profile: Profile) -> list[Scored]:
        """Return every candidate that is not muted, best first; ties newest first, then by key."""
        if not self._candidates:
            return []
        wishes = Wishes.of(profile)
        evidence = self._evidence(wishes)
        discount = self._discount(wishes, evidence)
        certain = 1.0 - evidence.doubt
        weight = wishes.trending_weight if wishes.any else 1.0
        scores = blend(certain, self._trending, weight=weight, discount=discount)
        relevance = certain * discount
        muted = self._muted(wishes)
        order = [int(row) for row in np.argsort(-scores, kind="stable") if int(row) not in muted]
        return [
            Scored(
                paper=self._candidates[row].paper,
                score=float(scores[row]),
                relevance=float(relevance[row]),
                trending=float(self._trending[row]),
                reason=self._reason(row, wishes, evidence, named=place < _NAMED),
            )
            for place, row in enumerate(order)
        ]

    # What speaks for each candidate.

    def _evidence(self, wishes: Wishes) -> Evidence:
        evidence = Evidence(len(self._candidates))
        for one in wishes.keywords:
            for row, mention in self._keywords.find(one.value).items():
                strength = IN_TITLE if mention.in_title else IN_ABSTRACT
                evidence.add(row, strength, one.weight)
                evidence.keywords.setdefault(row, []).append((-strength, one.value))
        for one in wishes.authors:
            for row, (sure, name) in self._authors.find(one.value).items():
                evidence.add(row, AUTHOR * sure, one.weight)
                evidence.authors.setdefault(row, name)
        self._add_content(evidence, wishes)
        for one in wishes.categories:
            for row, first in self._categories.find(one.value).items():
                strength = FIRST_CATEGORY if first else OTHER_CATEGORY
                evidence.add(row, strength * (1.0 + LEAN * evidence.lean[row]), one.weight)
                evidence.categories.setdefault(row, one.value)
        return evidence

    def _add_content(self, evidence: Evidence, wishes: Wishes) -> None:
        if wishes.liked:
            evidence.liked, evidence.likes = self._vectors_of(wishes.liked)
            taste = self._relevance.taste(evidence.likes)
            tastes = tuple(filter(None, [taste]))
            evidence.likes_direction = self._direction(tastes)
            evidence.by_likes = self._strength(evidence, tastes, _LIKES_SCALE)
        asked = (*wishes.texts, *wishes.keywords)
        if asked:
            rows = self._lexicon.vectors([("", one.value) for one in asked])
            tastes = self._relevance.query(rows, [one.weight for one in asked])
            evidence.words_direction = self._direction(tastes)
            strength = self._strength(evidence, tastes, _WORDS_SCALE)
            # What is near to half of somebody's words need not be near to what they mean.
            strength *= self._lexicon.coverage(" ".join(one.value for one in asked))
            weight = sum(one.weight for one in asked) / len(asked)
            evidence.by_words = 1.0 - (1.0 - strength) ** weight
        evidence.doubt *= (1.0 - evidence.by_likes) * (1.0 - evidence.by_words)

    def _strength(
        self, evidence: Evidence, tastes: tuple[Taste, ...], scale: tuple[float, float]
    ) -> Floats:
        """Return how strongly content speaks for each candidate, and note where it leans."""
        if not tastes:
            return np.zeros(len(self._candidates))
        closeness = np.mean([self._relevance.score(one, self._vectors) for one in tastes], axis=0)
        evidence.lean = np.maximum(evidence.lean, np.tanh(closeness / scale[0]))
        return _strong(closeness, scale)

    def _direction(self, tastes: tuple[Taste, ...]) -> Floats:
        return sum((one.direction for one in tastes), np.zeros(self._lexicon.size))

    def _vectors_of(self, papers: Sequence[Paper]) -> tuple[list[Paper], sparse.csr_array]:
        """Return the vectors of papers, those of the corpus first, and the papers in that order."""
        known = [paper for paper in papers if paper.key in self._rows]
        strange = [paper for paper in papers if paper.key not in self._rows]
        vectors = self._corpus[[self._rows[paper.key] for paper in known]]
        if strange:
            more = self._lexicon.vectors([(paper.title, paper.abstract) for paper in strange])
            vectors = sparse.csr_array(sparse.vstack([vectors, more]))
        return [*known, *strange], vectors

    # What speaks against.

    def _discount(self, wishes: Wishes, evidence: Evidence) -> Floats:
        """Return a factor in 0..1: low for what is like disliked papers and unlike liked ones."""
        discount = np.ones(len(self._candidates))
        tastes = []
        if wishes.disliked:
            tastes.append(self._relevance.taste(self._vectors_of(wishes.disliked)[1]))
        if wishes.unlike:
            rows = self._lexicon.vectors([("", one.value) for one in wishes.unlike])
            tastes.append(self._relevance.taste(rows, [-one.weight for one in wishes.unlike]))
        for taste in filter(None, tastes):
            against = _strong(self._relevance.score(taste, self._vectors), _LIKES_SCALE)
            discount *= 1.0 - np.maximum(0.0, against - evidence.by_likes / 2)
        for paper in (*wishes.liked, *wishes.disliked):
            # Nobody needs to be sent what they gave us.
            if self._rows.get(paper.key, len(discount)) < len(discount):
                discount[self._rows[paper.key]] = 0.0
        return discount

    def _muted(self, wishes: Wishes) -> set[int]:
        muted: set[int] = set()
        for one in wishes.muted:
            if one.kind is InterestKind.KEYWORD:
                muted.update(self._keywords.find(one.value))
            elif one.kind is InterestKind.AUTHOR:
                muted.update(self._authors.find(one.value))
            elif one.kind is InterestKind.CATEGORY:
                muted.update(self._categories.find(one.value))
            elif one.value in self._rows:
                muted.add(self._rows[one.value])
        return muted

    # Why.

    def _reason(self, row: int, wishes: Wishes, evidence: Evidence, *, named: bool) -> str:
        parts = []
        if row in evidence.authors:
            parts.append(explain.author(evidence.authors[row]))
        if row in evidence.keywords:
            parts.append(explain.keywords([value for _, value in sorted(evidence.keywords[row])]))
        if row in evidence.categories:
            parts.append(explain.category(evidence.categories[row]))
        if evidence.by_likes[row] >= _WORTH_NAMING:
            parts.append(self._nearest(row, evidence, named=named))
        elif evidence.by_words[row] >= _WORTH_NAMING and row not in evidence.keywords:
            what = "your text" if wishes.texts else "your keywords"
            terms = self._shared(row, evidence.words_direction) if named else ()
            parts.append(explain.close(what, terms))
        parts.append(self._popularity[row] if parts else self._popularity_alone[row])
        return explain.reason(filter(None, parts), any_interests=wishes.any)

    def _nearest(self, row: int, evidence: Evidence, *, named: bool) -> str:
        if not named or evidence.likes is None:
            return explain.close("papers you liked", ())
        cosines = (evidence.likes @ self._vectors[[row]].T).toarray().ravel()
        best = int(np.argmax(cosines))
        if cosines[best] < _WORTH_NAMING:
            terms = self._shared(row, evidence.likes_direction)
            return explain.close("papers you liked", terms)
        return explain.similar(evidence.liked[best].title)

    def _shared(self, row: int, direction: Floats) -> list[str]:
        """Return the three terms that bring a candidate closest to a direction."""
        start, end = self._vectors.indptr[row : row + 2]
        columns = self._vectors.indices[start:end]
        worth = self._vectors.data[start:end] * direction[columns]
        best = [place for place in np.argsort(-worth, kind="stable")[:8] if worth[place] > 0]
        return explain.distinct([self._lexicon.term(columns[place]) for place in best])[:3]


def _strong(closeness: Floats, scale: tuple[float, float]) -> Floats:
    least, width = scale
    strength: Floats = MOST_BY_CONTENT * -np.expm1(-np.maximum(0.0, closeness - least) / width)
    return strength


def _background(candidates: int, corpus: int) -> npt.NDArray[np.int64]:
    """Choose the papers that others are held against: evenly, those of earlier days if they do."""
    first = candidates if corpus - candidates >= _ENOUGH else 0
    count = min(_BACKGROUND, corpus - first)
    return np.linspace(first, corpus - 1, count).astype(np.int64)
