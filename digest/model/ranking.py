"""What goes into a ranker and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from digest.model.papers import Paper, Signal
from digest.model.subscribers import Interest, InterestKind
from digest.model.trends import Trend


@dataclass(frozen=True, slots=True)
class Expectation:
    """How much a paper is expected to be looked at, before anybody has.

    `share` is that of the papers of its day which it may expect to leave behind, in 0..1: one
    half is usual. `why` names on one line what speaks for it, empty where nothing does.
    """

    share: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may stand in an edition, with the history of its signals, oldest first.

    `expected` is `None` where the past says too little.
    `trend` is what they amount to among the papers of its field; `None` where nobody has measured.
    """

    paper: Paper
    listed_at: datetime
    signals: tuple[Signal, ...] = ()
    expected: Expectation | None = None
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a ranker knows of one subscriber."""

    interests: tuple[Interest, ...] = ()
    liked: tuple[Paper, ...] = ()
    disliked: tuple[Paper, ...] = ()
    trending_weight: float = 0.3

    @property
    def has_interests(self) -> bool:
        """Return whether there is anything that a paper could match: a mute is nothing to match.

        A seed paper is known by the paper that it stands for, which is liked.
        """
        disliked = {paper.key for paper in self.disliked}
        return any(
            one.weight > 0 and one.value.strip() and one.kind is not InterestKind.SEED
            for one in self.interests
        ) or any(paper.key not in disliked for paper in self.liked)


class Section(StrEnum):
    """A part of a digest, in the order in which they stand in it."""

    AUTHORS = "authors"  # by somebody whom the subscriber follows
    FOR_YOU = "for-you"
    TRENDING = "trending"
    NEW = "new"  # where nothing is known of the subscriber that could make it theirs


@dataclass(frozen=True, slots=True)
class Pick:
    """A paper at a position of one digest; positions start at 1.

    `score` orders the papers, in 0..1; `relevance` and `trending` are its two parts, in 0..1;
    `reason` says in plain words why it was chosen.
    `figures` are the paper's signals when the digest was planned, by name, so that a digest
    that is rendered again renders the same; `upvotes_gained` is what upvotes have gained since
    the day before, or the last one with papers, where that is known.
    """

    paper: Paper
    position: int
    score: float
    relevance: float
    trending: float
    reason: str
    figures: Mapping[str, int] = field(default_factory=dict)
