"""Why a paper has its score: every figure of the sum, for people who want to check it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from digest.model.papers import Paper


class SummandKind(StrEnum):
    """What a part of a closeness comes from."""

    TERM = "term"  # a word or two of the paper, as they stand there
    MEANING = "meaning"  # the sentence vectors
    PAPER = "paper"  # one of the nearest liked papers, for being near
    EXPANSION = "expansion"  # the papers that somebody's words find, for being near
    READERS = "readers"  # what those like who like a paper that the subscriber likes
    TEXT = "text"  # one of several texts and keywords that are taken together
    ABSENT = "absent"  # terms that the paper does not have and papers like it do
    USUAL = "usual"  # what the usual paper has: only what exceeds it counts


@dataclass(frozen=True, slots=True)
class Summand:
    """One part of a closeness, in hundredths of cosine."""

    kind: SummandKind
    name: str
    value: float


class EvidenceKind(StrEnum):
    """What speaks for or against a paper."""

    AUTHOR = "author"
    KEYWORD = "keyword"
    CATEGORY = "category"
    LIKES = "likes"  # content close to liked papers
    WORDS = "words"  # content close to the text or keyword that is nearest
    TOGETHER = "together"  # content close to all texts and keywords together
    DISLIKES = "dislikes"  # content close to disliked papers
    GIVEN = "given"  # the subscriber gave us this very paper


@dataclass(frozen=True, slots=True)
class Curve:
    """How a strength grows with closeness: `most * (1 - exp(-(closeness - least) / width))`.

    It is 0 up to `least`, which like `width` is in hundredths of cosine.
    """

    most: float
    least: float
    width: float

    def at(self, closeness: float) -> float:
        """Return the strength of so much closeness."""
        return self.most * -math.expm1(-max(0.0, closeness - self.least) / self.width)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for or against a paper.

    `factor = (1 - strength) ** weight`. A strength by content is the `curve` at the `closeness`,
    which is the sum of the `summands`. `note` says what has been done to a strength since, and
    `base` what it was before. `left` is what likes have left of the weight, being about the same.
    """

    kind: EvidenceKind
    name: str
    strength: float
    weight: float
    factor: float
    base: float
    note: str = ""
    left: float = 1.0
    closeness: float | None = None
    curve: Curve | None = None
    summands: tuple[Summand, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The arithmetic of one paper for one profile.

    `relevance = 1 - product of the factors of evidence`, `discount = product of the factors of
    against`, and `score = discount * ((1 - trending_weight) * relevance_raised * relevance +
    trending_weight * trending_raised * trending)`, or -1 for a paper that is muted by the interest
    that `muted_by` names. The weaker of both is raised to the level of the other, so many times.
    """

    paper: Paper
    reason: str
    evidence: tuple[Evidence, ...]
    against: tuple[Evidence, ...]
    relevance: float
    discount: float
    trending: float
    trending_weight: float
    relevance_raised: float
    trending_raised: float
    score: float
    muted_by: str = ""
