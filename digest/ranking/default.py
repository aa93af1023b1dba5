"""The ranker that is used unless another one is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, Explanation, Interest, InterestKind, Paper, Profile
from digest.ports import MUTED, Blend, Embeddings
from digest.ranking import foreseen
from digest.ranking.blend import balance, blend
from digest.ranking.closeness import Dislikes, Likes, Text, left_beside
from digest.ranking.content import Content
from digest.ranking.evidence import LEAN, Case, missed
from digest.ranking.explain import Phrases
from digest.ranking.keywords import Keywords
from digest.ranking.matches import Matches, authors, categories, keywords
from digest.ranking.profiles import Wishes
from digest.ranking.reasons import Teller
from digest.ranking.remembered import Remembered
from digest.ranking.threads import one_thread
from digest.ranking.trending import attention_seen, measured

Floats = npt.NDArray[np.float32]

_KEPT = 2048  # keywords, authors and categories whose papers are remembered


class DefaultRanker:
    """Interests, feedback and attention, blended; see docs/explanation/ranking.md."""

    def __init__(
        self, embeddings: Embeddings | None = None, phrases: Phrases | None = None
    ) -> None:
        self._embeddings = embeddings
        self._phrases = phrases or Phrases()

    def fit(
        self, candidates: Sequence[Candidate], background: Sequence[Paper], now: datetime
    ) -> DefaultRanking:
        """Learn words from all papers and index the candidates."""
        return self.fit_among(candidates, background, now, ())

    @one_thread()
    def fit_among(
        self,
        candidates: Sequence[Candidate],
        background: Sequence[Paper],
        now: datetime,
        libraries: Sequence[Sequence[Paper]],
    ) -> DefaultRanking:
        """Learn what is liked together, too, where enough readers share papers."""
        return DefaultRanking(
            candidates, background, now, libraries, self._embeddings, self._phrases
        )


class DefaultRanking:
    """The candidates of one edition; `score` may be called from several threads.

    What an interest matches is found once and remembered for all who have it.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        background: Sequence[Paper],
        now: datetime,
        libraries: Sequence[Sequence[Paper]],
        embeddings: Embeddings | None,
        phrases: Phrases,
    ) -> None:
        # In the order of ties: newest first, then by key.
        self.candidates = sorted(
            {one.paper.key: _measured(one, now) for one in candidates}.values(),
            key=lambda one: (-one.listed_at.timestamp(), one.paper.key),
        )
        self.seen = attention_seen(self.candidates)
        self.trending = foreseen.lifted(self.seen, self.candidates, now)
        papers = [one.paper for one in self.candidates]
        known = {paper.key for paper in papers}
        others = {paper.key: paper for paper in background if paper.key not in known}
        background = [others[key] for key in sorted(others)]
        self.content = Content(papers, background, libraries, embeddings)
        self.words = Remembered(self.content.words, most=_KEPT)
        index = Keywords(papers)
        self.matches: Mapping[InterestKind, Callable[[str], Matches]] = {
            InterestKind.KEYWORD: lru_cache(_KEPT)(keywords(index)),
            InterestKind.AUTHOR: lru_cache(_KEPT)(authors(papers)),
            InterestKind.CATEGORY: lru_cache(_KEPT)(categories(papers)),
        }
        self.teller = Teller(self.content, self.candidates, index, self.trending, now, phrases)

    def muted_by(self, interest: Interest) -> npt.NDArray[np.int64]:
        """Return the columns of the candidates that a muted interest takes out."""
        if interest.kind is InterestKind.SEED:
            column = self.content.row(interest.value)
            return np.array([] if column is None else [column], np.int64)
        return self.matches[interest.kind](interest.value).itself

    @one_thread()
    def score(self, profiles: Sequence[Profile]) -> DefaultScores:
        """Score every candidate for everybody."""
        return DefaultScores(self, profiles)


class DefaultScores:
    """What speaks for each candidate (column), for each of several profiles (row).

    What is left of 1 by the product of `(1 - strength) ** weight` over all matches is relevance,
    so that one sure match is enough and several weak ones add up.
    """

    def __init__(self, ranking: DefaultRanking, profiles: Sequence[Profile]) -> None:
        self._ranking = ranking
        self._cases = self._open(profiles)
        shape = (len(profiles), len(ranking.candidates))
        relevance = np.empty(shape, np.float32)
        discount = np.ones(shape, np.float32)
        muted = np.zeros(shape, np.bool_)
        # A candidate without anything to tell it by makes no difference to anybody.
        if ranking.candidates:
            for row, case in enumerate(self._cases):
                relevance[row] = 1 - self._doubt(case)
                self._discount(case, discount[row])
                self._mute(case.wishes, muted[row])
        weights = [case.wishes.trending_weight for case in self._cases]
        weight = np.array(weights, np.float32)[:, None]
        # Who wants but one of both gets it as it is.
        mixed = (weight > 0) & (weight < 1)
        ours, theirs = (np.where(mixed, one, 1) for one in balance(relevance, ranking.trending))
        self.score = blend(
            ours * relevance, theirs * ranking.trending, weight=weight, discount=discount
        ).astype(np.float32)
        by_attention = discount * weight * theirs * ranking.seen > self.score / 2
        plain = blend(relevance, ranking.trending, weight=weight, discount=discount)
        self.blend = Blend(plain, discount, by_attention)
        self.score[muted] = MUTED
        self.relevance = relevance
        self._raised = np.hstack([ours, theirs]).tolist()

    def _open(self, profiles: Sequence[Profile]) -> list[Case]:
        """Find what the interests of each profile match."""
        ranking, content = self._ranking, self._ranking.content
        everyone = [Wishes.of(profile) for profile in profiles]
        words = ranking.words(one.value for wishes in everyone for one in wishes.keywords)
        # Hardly two people write the same: that is not worth remembering.
        texts = list(dict.fromkeys(one.value for wishes in everyone for one in wishes.texts))
        words |= zip(texts, content.words(texts), strict=True)
        told = [
            [
                (found, one)
                for one in (*wishes.texts, *wishes.keywords)
                if (found := words[one.value]) is not None
            ]
            for wishes in everyone
        ]
        return [
            self._case(*each)
            for each in zip(
                everyone,
                told,
                content.likes(
                    [wishes.liked for wishes in everyone],
                    [[found for found, _ in some] for some in told],
                ),
                content.dislikes([wishes.disliked for wishes in everyone]),
                map(_refused, everyone),
                strict=True,
            )
        ]

    def _case(
        self,
        wishes: Wishes,
        told: Sequence[tuple[Text, Interest]],
        likes: Likes | None,
        dislikes: Dislikes | None,
        refused: Mapping[str, int],
    ) -> Case:
        matches = self._ranking.matches
        left: Mapping[str, float] = {}
        if likes is not None:
            about = self._about(wishes, told, likes)
            left = dict(zip(about, left_beside(list(about.values())), strict=True))
        return Case(
            wishes=wishes,
            matches=[
                *(
                    (matches[one.kind](one.value), one.weight * left.get(one.value, 1.0))
                    for one in wishes.keywords
                ),
                *(
                    (matches[one.kind](one.value), one.weight)
                    for one in (*wishes.authors, *wishes.categories)
                ),
            ],
            words=[(found, _weighing(one, left.get(one.value, 1.0))) for found, one in told],
            left=left,
            refused=refused,
            likes=likes,
            dislikes=dislikes,
        )

    def _about(
        self, wishes: Wishes, told: Sequence[tuple[Text, Interest]], likes: Likes
    ) -> dict[str, float]:
        """Return how many likes are about each text and keyword.

        Of a keyword that is in too many papers to be close to any, as many as papers usually are.
        """
        about = dict(zip((one.value for _, one in told), likes.about, strict=True))
        for one in wishes.keywords:
            strengths = self._ranking.matches[one.kind](one.value).strengths
            if one.value not in about and len(strengths):
                usual = float(strengths.sum()) / len(self._ranking.candidates)
                about[one.value] = len(likes.papers) * usual
        return about

    # What speaks for each candidate.

    def _doubt(self, case: Case) -> Floats:
        doubt = np.ones(len(self._ranking.candidates), np.float32)
        for matches, weight in case.matches:
            strengths = matches.strengths
            if matches.kind is InterestKind.CATEGORY and case.lean is not None:
                strengths = strengths * (1 + LEAN * case.lean[matches.columns])
            doubt[matches.columns] *= missed(strengths, weight)
        if case.by_words is not None:
            doubt *= case.by_words
        if case.likes is not None:
            doubt *= 1 - case.likes.strength
        return doubt

    # What speaks against.

    def _discount(self, case: Case, discount: Floats) -> None:
        """Lower the factor of what is like disliked papers and unlike what was asked for."""
        if case.dislikes is not None:
            discount *= 1 - np.maximum(0.0, case.dislikes.strength - case.excused)
        for paper in (*case.wishes.liked, *case.wishes.disliked):
            # Nobody needs to be sent what they gave us.
            column = self._ranking.content.row(paper.key)
            if column is not None:
                discount[column] = 0.0

    def _mute(self, wishes: Wishes, muted: npt.NDArray[np.bool_]) -> None:
        for one in wishes.muted:
            muted[self._ranking.muted_by(one)] = True

    def leading(self, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return which interest does most for those candidates of each profile, -1 for none."""
        count = len(self._ranking.candidates)
        return np.stack(
            [
                case.leading(some, count=count)
                for case, some in zip(self._cases, columns, strict=True)
            ]
        )

    # Why.

    def reason(self, row: int, column: int) -> str:
        """Say why a candidate is chosen for a profile."""
        ours, theirs = self._raised[row]
        return self._ranking.teller.reason(
            self._cases[row], column, relevance_raised=ours, trending_raised=theirs
        )

    def explain(self, row: int, column: int) -> Explanation:
        """Return the arithmetic of a candidate's score for a profile."""
        ranking, case = self._ranking, self._cases[row]
        ours, theirs = self._raised[row]
        content = ranking.content
        evidence = [case.detailed(one, content, column) for one in case.evidence(column)]
        against = [case.detailed(one, content, column) for one in case.against(column, content.row)]
        muted = [one.value for one in case.wishes.muted if column in ranking.muted_by(one)]
        return Explanation(
            paper=ranking.candidates[column].paper,
            reason=self.reason(row, column),
            evidence=tuple(evidence),
            against=tuple(against),
            relevance=1 - math.prod(one.factor for one in evidence),
            discount=math.prod(one.factor for one in against),
            trending=float(ranking.trending[column]),
            trending_weight=case.wishes.trending_weight,
            relevance_raised=ours,
            trending_raised=theirs,
            score=float(self.score[row, column]),
            muted_by=", ".join(muted),
        )


def _measured(candidate: Candidate, now: datetime) -> Candidate:
    """Measure on the absolute scale what comes without its trend."""
    return candidate if candidate.trend is not None else measured([candidate], (), now)[0]


def _weighing(interest: Interest, left: float) -> Interest:
    return interest if left == 1 else replace(interest, weight=interest.weight * left)


def _refused(wishes: Wishes) -> dict[str, int]:
    """Return how many disliked papers have each keyword."""
    if not (wishes.disliked and wishes.keywords):
        return {}
    # Of these papers alone: what a keyword may mean depends on all that an index holds.
    index = Keywords(wishes.disliked)
    return {one.value: len(index.find(one.value).itself) for one in wishes.keywords}
