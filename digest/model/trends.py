"""How much a paper is talked about, and against what that is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from digest.model.papers import Signal, SignalName


class Window(StrEnum):
    """How long a period is, and how far back attention counts in it.

    `half_life` is after how many days a gain counts half: those on which papers are announced.
    """

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def half_life(self) -> float:
        """Return half of the days with announcements that a usual window of this kind has."""
        return {"day": 1.0, "week": 2.5, "month": 10.0}[self.value]


@dataclass(frozen=True, slots=True)
class Track:
    """How the figures of an earlier paper went: newer ones are measured against it.

    `category` is its primary category, empty where it has none.
    """

    category: str
    listed_at: datetime
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Gain:
    """What a figure rose by, and when; `counts` is what is left of it after so many `days`."""

    at: datetime
    number: int
    days: float
    counts: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a paper stands among others of its age: `as_hot` of `papers`, itself among them.

    `share` is what they count as, in 0..1: with few papers it is drawn to what is usual.
    """

    papers: int
    as_hot: int
    share: float


@dataclass(frozen=True, slots=True)
class Strength:
    """What one signal says of a paper: every number between its figures and its odds.

    `heat` is in fresh units of the signal, `plain` are the odds of that heat whatever the field,
    `odds` those among the papers of its field. `field` is `None` without a category.
    """

    name: SignalName
    source: str
    gains: tuple[Gain, ...]
    heat: float
    plain: float
    everywhere: Place
    field: Place | None
    odds: float


@dataclass(frozen=True, slots=True)
class Trend:
    """How much a paper is talked about, in 0..1; `strengths` come with the main one first.

    `age` counts days on which papers were announced, as everything here does. `day_ago` is when
    the last such day began: over the weekend it is on Friday.
    """

    score: float = 0.0
    age: float = 0.0
    strengths: tuple[Strength, ...] = ()
    window: Window = Window.DAY
    day_ago: datetime | None = None

    @property
    def shown(self) -> float:
        """Return the score as pages, answers and commands show it: more would never stand still."""
        return round(self.score, 2)


@dataclass(frozen=True, slots=True)
class AttentionModel:
    """What is kept of a model of expected attention beside its content.

    It was learned by the code of that `version` from so many `papers`, the newest of them listed
    at `newest_at`, and knows nothing that was seen after `learned_at`.
    """

    id: int
    version: str
    learned_at: datetime
    papers: int
    newest_at: datetime


@dataclass(frozen=True, slots=True)
class Titled:
    """What detecting topics needs to know of a paper."""

    key: str
    title: str
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class KeptTopics:
    """Topics as they are shown, found on a `day` among so many `papers`."""

    day: date
    papers: int
    shown: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Topic:
    """Words that are in more titles of the last week than in those before.

    `papers` are the keys of those of the last week, newest first. `titles` counts them week by
    week, the last one last, and `of` all papers of those weeks.
    """

    name: str
    papers: tuple[str, ...]
    titles: tuple[int, ...]
    of: tuple[int, ...]

    @property
    def times(self) -> float:
        """Return how many times its usual share the topic has now; one title where it was new."""
        before, all_before = sum(self.titles[:-1]) or 1, sum(self.of[:-1])
        return (self.titles[-1] / self.of[-1]) / (before / all_before)
