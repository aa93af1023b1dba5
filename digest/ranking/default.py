"""The ranker that is used unless another one is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, reduce
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, InterestKind, Paper, Profile
from digest.ports import MUTED, Embeddings
from digest.ranking import explain, foreseen
from digest.ranking.blend import balance, blend
from digest.ranking.content import Content, Likes, together
from digest.ranking.matching import Authors, Categories, Keywords
from digest.ranking.profiles import Wishes
from digest.ranking.remembered import Remembered
from digest.ranking.trending import measured

T = TypeVar("T")
Floats = npt.NDArray[np.float32]

# How much each kind of match is worth on its own; docs/explanation/ranking.md has the reasons.
IN_TITLE = 0.6
IN_ABSTRACT = 0.4
AUTHOR = 0.8
FIRST_CATEGORY = 0.25
OTHER_CATEGORY = 0.18
LEAN = 0.25  # how much content moves a paper that matches by its category

_WORTH_NAMING = 0.1
_USUAL = 100  # a keyword that more than one paper of so many has tells less of each,
_LEAST_TELLING = 0.4  # yet not so little that somebody with a broad one gets nothing
_KEPT = 2048  # keywords, texts, authors and categories whose papers are remembered


class DefaultRanker:
    """Interests, feedback and attention, blended; see docs/explanation/ranking.md."""

    def __init__(self, embeddings: Embeddings | None = None) -> None:
        self._embeddings = embeddings

    def fit(
        self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
    ) -> DefaultRanking:
        """Learn words from all papers and index the candidates."""
        return self.fit_among(candidates, background, now, ())

    def fit_among(
        self,
        candidates: Sequence[Candidate],
        background: Sequence[Paper],
        now: datetime,
        libraries: Sequence[Sequence[Paper]],
    ) -> DefaultRanking:
        """Learn what is liked together, too, where enough readers share papers."""
        return DefaultRanking(candidates, background, now, libraries, self._embeddings)


@dataclass(frozen=True, slots=True)
class Matches:
    """The candidates that match one interest by the letter, and how strongly.

    `found` holds the same by the place of the candidate, `names` authors as they are written.
    """

    kind: InterestKind
    value: str
    columns: npt.NDArray[np.int64]
    strengths: Floats
    found: Mapping[int, float]
    names: Mapping[int, str]

    @classmethod
    def of(
        cls,
        kind: InterestKind,
        value: str,
        found: Mapping[int, float],
        names: Mapping[int, str] | None = None,
    ) -> Matches:
        """Keep what was found in both forms."""
        columns = np.fromiter(found.keys(), np.int64, len(found))
        strengths = np.fromiter(found.values(), np.float32, len(found))
        return cls(kind, value, columns, strengths, found, names or {})


class DefaultRanking:
    """The candidates of one edition; `score` may be called from several threads.

    What an interest matches is found once and remembered for all who have it.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        background: Sequence[Paper],
        now: datetime,
        libraries: Sequence[Sequence[Paper]] = (),
        embeddings: Embeddings | None = None,
    ) -> None:
        # In the order of ties: newest first, then by key.
        self.candidates = sorted(
            {one.paper.key: one for one in _measured(candidates, now)}.values(),
            key=lambda one: (-one.listed_at.timestamp(), one.paper.key),
        )
        seen = np.array(
            [0.0 if one.trend is None else one.trend.score for one in self.candidates], np.float32
        )
        self.trending = foreseen.lifted(seen, self.candidates, now)
        # Until somebody has voted there is only what is expected to tell.
        self.popularity = [
            explain.popularity(one, now) or foreseen.said(one, now) for one in self.candidates
        ]
        self.popularity_alone = [
            explain.popularity(one, now, total=True) or foreseen.said(one, now)
            for one in self.candidates
        ]
        papers = [one.paper for one in self.candidates]
        known = {paper.key for paper in papers}
        others = {paper.key: paper for paper in background if paper.key not in known}
        background = [others[key] for key in sorted(others)]
        self.content = Content(papers, background, libraries, embeddings)
        self.words = Remembered(self.content.words, most=_KEPT)
        self.terms = lru_cache(_KEPT)(self.content.terms_of_words)
        self.matches: Mapping[InterestKind, Callable[[str], Matches]] = {
            InterestKind.KEYWORD: lru_cache(_KEPT)(_keywords(papers)),
            InterestKind.AUTHOR: lru_cache(_KEPT)(_authors(papers)),
            InterestKind.CATEGORY: lru_cache(_KEPT)(_categories(papers)),
        }

    def score(self, profiles: Sequence[Profile]) -> DefaultScores:
        """Score every candidate for everybody."""
        return DefaultScores(self, profiles)


class DefaultScores:
    """What speaks for each candidate (column), for each of several profiles (row).

    `doubt` is the product of `(1 - strength) ** weight` over all matches, so that one sure match
    is enough and several weak ones add up; relevance is what is left of 1.
    """

    def __init__(self, ranking: DefaultRanking, profiles: Sequence[Profile]) -> None:
        self._ranking = ranking
        self._wishes = [Wishes.of(profile) for profile in profiles]
        self._words = ranking.words(
            one.value for wishes in self._wishes for one in (*wishes.texts, *wishes.keywords)
        )
        self._matches: list[list[Matches]] = [[] for _ in profiles]
        content = ranking.content
        self._likes = _met(content.likes, [wishes.liked for wishes in self._wishes])
        self._unwanted = _met(content.like_papers, [wishes.disliked for wishes in self._wishes])
        shape = (len(profiles), len(ranking.candidates))
        relevance = np.empty(shape, np.float32)
        discount = np.ones(shape, np.float32)
        muted = np.zeros(shape, np.bool_)
        # A candidate without anything to tell it by makes no difference to anybody.
        if ranking.candidates:
            for row, wishes in enumerate(self._wishes):
                relevance[row] = 1 - self._doubt(row, wishes)
                self._discount(row, wishes, discount[row])
                self._mute(wishes, muted[row])
        weights = [wishes.trending_weight if wishes.any else 1.0 for wishes in self._wishes]
        weight = np.array(weights, np.float32)[:, None]
        ours, theirs = balance(relevance, ranking.trending)
        mixed = (weight > 0) & (weight < 1)
        self.score = blend(
            np.where(mixed, ours, 1) * relevance,
            np.where(mixed, theirs, 1) * ranking.trending,
            weight=weight,
            discount=discount,
        ).astype(np.float32)
        self.score[muted] = MUTED
        self.relevance = relevance * discount

    # What speaks for each candidate.

    def _doubt(self, row: int, wishes: Wishes) -> Floats:
        ranking = self._ranking
        count = len(ranking.candidates)
        doubt = np.ones(count, np.float32)
        found = self._matches[row]
        for one in (*wishes.keywords, *wishes.authors):
            matches = ranking.matches[one.kind](one.value)
            found.append(matches)
            doubt[matches.columns] *= _missed(matches.strengths, one.weight)
        lean = self._by_content(row, wishes, doubt)
        for one in wishes.categories:
            matches = ranking.matches[one.kind](one.value)
            found.append(matches)
            strengths = matches.strengths
            if lean is not None:
                strengths = strengths * (1 + LEAN * lean[matches.columns])
            doubt[matches.columns] *= _missed(strengths, one.weight)
        return doubt

    def _by_content(self, row: int, wishes: Wishes, doubt: Floats) -> Floats | None:
        """Count what is close to likes and words, and return where they lean."""
        given = [
            (words, one.weight)
            for one in (*wishes.texts, *wishes.keywords)
            if (words := self._words[one.value]) is not None
        ]
        texts = [words for words, _ in given]
        weights = [weight for _, weight in given]
        leans = [one.lean for one in texts]
        if given:
            # Words of one subject must not count twice: the nearest ones do, and all together as
            # far as there are several.
            doubt *= reduce(np.minimum, map(_missed, (one.strength for one in texts), weights))
        if len(given) > 1:
            several = sum(weights) / len(weights) * (1 - 1 / len(weights))
            doubt *= _missed(together(texts, weights), several)
        if (likes := self._likes.get(row)) is not None:
            doubt *= 1 - likes.strength
            leans.append(likes.lean)
        return np.maximum.reduce(leans) if leans else None

    # What speaks against.

    def _discount(self, row: int, wishes: Wishes, discount: Floats) -> None:
        """Lower the factor of what is like disliked papers and unlike liked ones."""
        content = self._ranking.content
        likes = self._likes.get(row)
        unwanted = [self._unwanted.get(row)]
        if wishes.unlike:
            texts, weights = zip(*((one.value, -one.weight) for one in wishes.unlike), strict=True)
            unwanted.append(content.like_texts(texts, weights))
        for against in unwanted:
            if against is not None:
                excused = 0.0 if likes is None else likes.strength / 2
                discount *= 1 - np.maximum(0.0, against - excused)
        for paper in (*wishes.liked, *wishes.disliked):
            # Nobody needs to be sent what they gave us.
            column = content.row(paper.key)
            if column is not None:
                discount[column] = 0.0

    def _mute(self, wishes: Wishes, muted: npt.NDArray[np.bool_]) -> None:
        ranking = self._ranking
        for one in wishes.muted:
            if one.kind is InterestKind.SEED:
                column = ranking.content.row(one.value)
                if column is not None:
                    muted[column] = True
            else:
                muted[ranking.matches[one.kind](one.value).columns] = True

    # Why.

    def reason(self, row: int, column: int) -> str:
        """Say why a candidate is chosen for a profile."""
        ranking, wishes = self._ranking, self._wishes[row]
        author = category = ""
        named = []
        for matches in self._matches[row]:
            strength = matches.found.get(column)
            if strength is None:
                continue
            if matches.kind is InterestKind.KEYWORD:
                named.append((-strength, matches.value))
            elif matches.kind is InterestKind.AUTHOR:
                author = author or explain.author(matches.names[column])
            else:
                category = category or explain.category(matches.value)
        named.sort()
        parts = []
        if author:
            parts.append(author)
        if named:
            parts.append(explain.keywords(tuple([value for _, value in named])))
        if category:
            parts.append(category)
        likes = self._likes.get(row)
        if likes is not None and likes.strength[column] >= _WORTH_NAMING:
            parts.append(self._near(likes, column))
        elif not named and (close := self._closest(wishes, column)) is not None:
            parts.append(close)
        popularity = (ranking.popularity if parts else ranking.popularity_alone)[column]
        if popularity:
            parts.append(popularity)
        return explain.reason(parts, any_interests=wishes.any)

    def _near(self, likes: Likes, column: int) -> str:
        if likes.cosine[column] >= _WORTH_NAMING:
            return explain.similar(likes.papers[likes.nearest[column]].title)
        content = self._ranking.content
        shared = content.shared(content.terms_of_likes(likes), column)
        return explain.close("papers you liked", shared)

    def _closest(self, wishes: Wishes, column: int) -> str | None:
        """Say which text or keyword a candidate is close to in content, if it is close to one."""
        closest, least = None, 1 - _WORTH_NAMING
        for one in (*wishes.texts, *wishes.keywords):
            words = self._words[one.value]
            if words is not None:
                missed = (1 - float(words.strength[column])) ** one.weight
                if missed <= least:
                    closest, least = (one.kind, words), missed
        if closest is None:
            return None
        kind, words = closest
        what = "your text" if kind is InterestKind.TEXT else "your keywords"
        terms = self._ranking.terms(words)
        return explain.close(what, self._ranking.content.shared(terms, column))


def _measured(candidates: Sequence[Candidate], now: datetime) -> Sequence[Candidate]:
    """Measure on the absolute scale what comes without its trend."""
    if all(one.trend is not None for one in candidates):
        return candidates
    return [one if one.trend else measured([one], (), now)[0] for one in candidates]


def _met(
    meet: Callable[[Sequence[Sequence[Paper]]], Sequence[T | None]],
    groups: Sequence[Sequence[Paper]],
) -> dict[int, T]:
    """Meet all groups that hold papers at once, and return what came of it by their places."""
    given = [row for row, papers in enumerate(groups) if papers]
    met = zip(given, meet([groups[row] for row in given]), strict=True)
    return {row: one for row, one in met if one is not None}


def _missed(strengths: Floats, weight: float) -> Floats:
    """Return the chance that a match means nothing; a weight of two counts it twice."""
    chance: Floats = 1 - strengths
    return chance if weight == 1 else chance**weight


def _keywords(papers: Sequence[Paper]) -> Callable[[str], Matches]:
    index = Keywords(papers)

    def find(value: str) -> Matches:
        found = index.find(value)
        share = len(found) / (len(papers) + _USUAL)
        rarity = math.log(1 / share) / math.log(_USUAL) if found else 0.0
        telling = min(1.0, max(_LEAST_TELLING, rarity))
        return Matches.of(
            InterestKind.KEYWORD,
            value,
            {
                column: telling * (IN_TITLE if mention.in_title else IN_ABSTRACT)
                for column, mention in found.items()
            },
        )

    return find


def _authors(papers: Sequence[Paper]) -> Callable[[str], Matches]:
    index = Authors(papers)

    def find(value: str) -> Matches:
        found = index.find(value)
        return Matches.of(
            InterestKind.AUTHOR,
            value,
            {column: AUTHOR * sure for column, (sure, _) in found.items()},
            {column: name for column, (_, name) in found.items()},
        )

    return find


def _categories(papers: Sequence[Paper]) -> Callable[[str], Matches]:
    index = Categories(papers)

    def find(value: str) -> Matches:
        return Matches.of(
            InterestKind.CATEGORY,
            value,
            {
                column: FIRST_CATEGORY if first else OTHER_CATEGORY
                for column, first in index.find(value).items()
            },
        )

    return find
