"""What speaks for and against a paper, for one profile: each with its figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from digest.model import (
    Curve,
    Evidence,
    EvidenceKind,
    Interest,
    InterestKind,
    Paper,
    Summand,
    SummandKind,
)
from digest.ranking.accounts import Part
from digest.ranking.closeness import (
    DISLIKE_CURVE,
    LIKES_CURVE,
    WORDS_CURVE,
    Dislikes,
    Likes,
    Text,
    shares_together,
    strength_at,
    together,
)
from digest.ranking.content import Content
from digest.ranking.matches import Matches
from digest.ranking.profiles import Wishes

Floats = npt.NDArray[np.float32]
Columns = npt.NDArray[np.int64]
Strength = TypeVar("Strength", float, Floats)

LEAN = 0.25  # how much content moves a paper that matches by its category
# Of what likes say for a paper so much is taken off what dislikes say against it, and of what an
# author or a keyword says that it has to the letter: one paper of a subject that somebody has asked
# for is no word against the subject. Of a keyword's it is shared with the dislikes that have it.
_EXCUSED_BY_LIKES = 0.5
_EXCUSED_BY_NAME = 0.8
_NOTHING = 0.95  # chance that a match means nothing from which on nothing leads

KINDS = {
    InterestKind.AUTHOR: EvidenceKind.AUTHOR,
    InterestKind.KEYWORD: EvidenceKind.KEYWORD,
    InterestKind.CATEGORY: EvidenceKind.CATEGORY,
}


@dataclass(frozen=True, eq=False)
class Case:
    """One profile, and how its interests meet the candidates.

    `matches` are by the letter, each with the weight of its interest; `words` are the texts and
    keywords that say anything; `left` is what likes have left of the weight of each of those, by
    its value; `refused` says how many disliked papers have each keyword; `dislikes` is how strongly
    candidates are like disliked papers.
    """

    wishes: Wishes
    matches: Sequence[tuple[Matches, float]]
    words: Sequence[tuple[Text, Interest]]
    left: Mapping[str, float]
    refused: Mapping[str, int]
    likes: Likes | None
    dislikes: Dislikes | None

    @property
    def weights(self) -> list[float]:
        """Return the weight of each text and keyword."""
        return [one.weight for _, one in self.words]

    @property
    def _given(self) -> list[float]:
        """Return the same without likes."""
        return [one.weight / self.left.get(one.value, 1.0) for _, one in self.words]

    @cached_property
    def by_kind(self) -> list[tuple[EvidenceKind, list[tuple[Matches, float]]]]:
        """Return what is matched by the letter, kind by kind."""
        found: dict[InterestKind, list[tuple[Matches, float]]] = {}
        for matches, weight in self.matches:
            found.setdefault(matches.kind, []).append((matches, weight))
        return [(KINDS[kind], some) for kind, some in found.items()]

    @cached_property
    def lean(self) -> Floats | None:
        """Return how much each candidate leans to likes, texts and keywords."""
        leans = [words.lean for words, _ in self.words]
        if self.likes is not None:
            leans.append(self.likes.lean)
        return np.maximum.reduce(leans) if leans else None

    @cached_property
    def by_words(self) -> Floats | None:
        """Return the chance that what each candidate has of texts and keywords means nothing.

        Words of one subject must not count twice: the nearest ones do, and all together as far as
        there are several.
        """
        if not self.words:
            return None
        doubt = reduce(
            np.minimum, (missed(words.strength, one.weight) for words, one in self.words)
        )
        if len(self.words) > 1:
            closeness = together([words.closeness for words, _ in self.words], self.weights)
            strength = strength_at(closeness, WORDS_CURVE)
            doubt = doubt * missed(strength, weight_together(self.weights))
        return doubt

    @cached_property
    def about(self) -> Part:
        """Return what the liked papers are about, which is worked out once it is asked for."""
        likes = self.likes
        assert likes is not None
        return Part.of(likes.vectors[likes.rows], likes.shares)

    def leading(self, columns: Columns, *, count: int) -> Columns:
        """Return the place of the interest that does most for each of some papers, of `count`.

        What a keyword does by the letter and by content is taken together, and likes are one
        interest. It is -1 where nothing leads, and everywhere for somebody who has but one.
        Categories lead nothing: they stand for fields, in which there is room for all.
        """
        chances: dict[tuple[InterestKind, str], Floats] = {}
        for words, one in self.words:
            chances[one.kind, one.value] = missed(words.strength[columns], one.weight)
        for matches, weight in self.matches:
            if matches.kind is not InterestKind.CATEGORY:
                strengths = np.zeros(count, np.float32)
                strengths[matches.columns] = matches.strengths
                key = (matches.kind, matches.value)
                chances[key] = missed(strengths[columns], weight) * chances.get(key, np.float32(1))
        if self.likes is not None:
            chances[InterestKind.SEED, ""] = 1 - self.likes.strength[columns]
        if len(chances) < 2:
            return np.full(len(columns), -1)
        table = np.stack(list(chances.values()))
        found: Columns = table.argmin(axis=0)
        found[table.min(axis=0) > _NOTHING] = -1
        return found

    # What speaks for a paper.

    def evidence(self, column: int) -> list[Evidence]:
        """Return what speaks for a candidate, without the summands."""
        found = [
            self._matched(matches, weight, column)
            for matches, weight in self.matches
            if column in matches.found
        ]
        if self.words:
            found.append(self._nearest(column))
        if len(self.words) > 1:
            found.append(self._together(column))
        if self.likes is not None:
            found.append(
                _evidence(
                    EvidenceKind.LIKES,
                    _count(len(self.likes.papers)),
                    float(self.likes.strength[column]),
                )
            )
        return found

    def nearest(self, column: int) -> tuple[Text, Interest]:
        """Return the text or keyword to which a candidate is closest in content."""
        if len(self.words) == 1:
            return self.words[0]
        # As `missed`, which costs more than it does: this is asked for nearly every pick.
        chances = [(1 - words.strength.item(column)) ** one.weight for words, one in self.words]
        return self.words[chances.index(min(chances))]

    def _matched(self, matches: Matches, weight: float, column: int) -> Evidence:
        kind, name = KINDS[matches.kind], matches.names.get(column, matches.value)
        strength = matches.found[column]
        if matches.kind is InterestKind.CATEGORY and self.lean is not None:
            lean = 1 + LEAN * float(self.lean[column])
            note = f"times {lean:.3f}: so its content leans"
            return _evidence(kind, name, lean * strength, weight, base=strength, note=note)
        left = self.left.get(matches.value, 1.0) if kind is EvidenceKind.KEYWORD else 1.0
        telling, why = matches.telling, "many papers have it"
        if column in matches.akin:
            telling, why = matches.akin[column], "it has another word of that stem"
        if telling < 1:
            base = strength / telling
            note = f"times {telling:.3f}: {why}"
            return _evidence(kind, name, strength, weight, base=base, note=note, left=left)
        return _evidence(kind, name, strength, weight, left=left)

    def _nearest(self, column: int) -> Evidence:
        words, interest = self.nearest(column)
        strength, known = float(words.strength[column]), words.known
        note = "" if known == 1 else f"times {known:.3f}: so many of its words tell papers apart"
        base = strength / known if known else 0.0
        left = self.left.get(interest.value, 1.0)
        return _evidence(
            EvidenceKind.WORDS,
            interest.value,
            strength,
            interest.weight,
            base=base,
            note=note,
            left=left,
        )

    def _together(self, column: int) -> Evidence:
        closeness = together(
            [words.closeness[column : column + 1] for words, _ in self.words], self.weights
        )
        return _evidence(
            EvidenceKind.TOGETHER,
            f"{len(self.words)} texts and keywords",
            float(strength_at(closeness, WORDS_CURVE)[0]),
            weight_together(self.weights),
            left=sum(self.weights) / sum(self._given),
        )

    # What speaks against it.

    @cached_property
    def excused(self) -> Floats:
        """Return how much of what speaks against each candidate is taken off."""
        assert self.dislikes is not None
        found: Floats = np.zeros_like(self.dislikes.strength)
        if self.likes is not None:
            found = np.float32(_EXCUSED_BY_LIKES) * self.likes.strength
        for matches, weight in self.matches:
            if matches.kind in (InterestKind.AUTHOR, InterestKind.KEYWORD):
                excuse = (
                    _EXCUSED_BY_NAME * min(1.0, weight) / (1 + self.refused.get(matches.value, 0))
                )
                named = np.float32(excuse) * matches.strengths
                found[matches.columns] = np.maximum(found[matches.columns], named)
        return found

    def against(self, column: int, column_of: Callable[[str], int | None]) -> list[Evidence]:
        """Return what speaks against a candidate; papers are found by their keys."""
        found = []
        if self.dislikes is not None:
            gross, excused = float(self.dislikes.strength[column]), float(self.excused[column])
            note = f"less {excused:.3f}: so what was asked for excuses it" if excused else ""
            name, net = self._disliked(column), max(0.0, gross - excused)
            found.append(_evidence(EvidenceKind.DISLIKES, name, net, base=gross, note=note))
        found += [
            _evidence(EvidenceKind.GIVEN, paper.title, 1.0)
            for paper in (*self.wishes.liked, *self.wishes.disliked)
            if column_of(paper.key) == column
        ]
        return found

    def _disliked(self, column: int) -> str:
        """Name the one disliked paper that speaks against a candidate, or how many do together."""
        one = self._nearest_dislike(column)
        return _count(len(self.wishes.disliked)) if one is None else one.title

    def _nearest_dislike(self, column: int) -> Paper | None:
        place = -1 if self.dislikes is None else int(self.dislikes.nearest[column])
        return None if place < 0 else self.wishes.disliked[place]

    # What makes it up.

    def detailed(self, one: Evidence, content: Content, column: int) -> Evidence:
        """Return a piece of evidence with the summands of its closeness, if it has one."""
        curve, summands = self._summands(one.kind, content, column)
        if not summands:
            return one
        closeness = math.fsum(each.value for each in summands)
        return replace(one, closeness=closeness, curve=curve, summands=tuple(summands))

    def _summands(
        self, kind: EvidenceKind, content: Content, column: int
    ) -> tuple[Curve | None, Sequence[Summand]]:
        """Return what makes up a closeness, and the curve on which that is a strength."""
        wishes = self.wishes
        if kind is EvidenceKind.LIKES and self.likes is not None:
            return self.likes.curve, content.summands_of_likes(wishes.liked, column)
        if kind is EvidenceKind.DISLIKES:
            nearest = self._nearest_dislike(column)
            if nearest is not None:
                return DISLIKE_CURVE, content.summands_of_paper(nearest, column)
            return LIKES_CURVE, content.summands_of_papers(wishes.disliked, column)
        if kind is EvidenceKind.WORDS:
            return WORDS_CURVE, content.summands_of_words(self.nearest(column)[0], column)
        if kind is EvidenceKind.TOGETHER:
            shares = shares_together(self.weights)
            return WORDS_CURVE, [
                Summand(SummandKind.TEXT, words.text, share * float(words.closeness[column]))
                for share, (words, _) in zip(shares, self.words, strict=True)
            ]
        return None, ()


def missed(strength: Strength, weight: float) -> Strength:
    """Return the chance that a match means nothing; a weight of two counts it twice."""
    chance = 1 - strength
    return chance if weight == 1 else chance**weight


def weight_together(weights: Sequence[float]) -> float:
    """Return what several texts taken together weigh: more, the more there are."""
    return sum(weights) / len(weights) * (1 - 1 / len(weights))


def _evidence(
    kind: EvidenceKind,
    name: str,
    strength: float,
    weight: float = 1.0,
    *,
    base: float | None = None,
    note: str = "",
    left: float = 1.0,
) -> Evidence:
    base = strength if base is None else base
    return Evidence(kind, name, strength, weight, missed(strength, weight), base, note, left)


def _count(papers: int) -> str:
    return "1 paper" if papers == 1 else f"{papers} papers"
