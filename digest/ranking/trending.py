"""Signals -> how much a paper is talked about now; docs/explanation/trending.md has the formula."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from digest.model import Candidate, Gain, Strength, Track, Trend, Window
from digest.ranking.days import Days
from digest.ranking.gains import Looks, Series, gains, looks_of, series
from digest.ranking.usual import Usual

# The paper that is one in so many of its field is half way to the top.
ONE_IN = 20

# A field and an age move a paper so many times up or down from the absolute scale, and no more:
# a few votes are not much anywhere, and many are not nothing.
FARTHEST = 4.0

# What another signal than the strongest adds.
BESIDES = 0.5

# A place is named when it is among the first of at least so many papers.
_WORTH_NAMING = 0.1
EVERYWHERE = 2  # percent of all
_CROWD = 20
# Less than this on the plain scale, 5 fresh upvotes, is nothing to make words of.
_NOTICED = 0.1


def measured(
    candidates: Sequence[Candidate],
    tracks: Sequence[Track],
    now: datetime,
    window: Window = Window.DAY,
    announced: Mapping[date, int] | None = None,
) -> list[Candidate]:
    """Return the candidates with their trends, measured against the tracks of earlier papers.

    Without tracks the scale is absolute. What one candidate has does not depend on the others:
    when sources were looked at is known by the tracks and by its own figures. `announced` is how
    many papers were listed on each day: quiet days do not count as time.
    """
    days = Days(announced or {}, now)
    looks = looks_of(one.signals for one in tracks)
    usual = Usual(tracks, now, window.half_life, days, looks)
    silent = Trend(window=window, day_ago=days.before(now, 1.0))
    return [
        replace(one, trend=_trend(one, silent, usual, now, days, looks) if one.signals else silent)
        for one in candidates
    ]


def attention_seen(candidates: Sequence[Candidate]) -> npt.NDArray[np.float32]:
    """Return how much each candidate has been talked about, without what is only expected."""
    return np.array(
        [0.0 if one.trend is None else one.trend.score for one in candidates], np.float32
    )


def _trend(
    candidate: Candidate, silent: Trend, usual: Usual, now: datetime, days: Days, looks: Looks
) -> Trend:
    """Return the trend of a paper; `silent` is that of one without figures."""
    age = days.between(candidate.listed_at, now)
    best: dict[str, Strength] = {}
    courses = series(candidate.signals, now)
    for of, rises in gains(courses, candidate.listed_at, looks).items():
        found = tuple(
            _gain(at, number, days.between(at, now), silent.window) for at, number in rises
        )
        one = _strength(of, found, candidate.paper.primary_category, age, usual)
        # Sources that show the same figure may have copied one another.
        if of[1] not in best or one.heat > best[of[1]].heat:
            best[of[1]] = one
    strengths = sorted(best.values(), key=lambda one: (-one.plain, one.name))
    odds = sum(one.odds * (BESIDES if place else 1.0) for place, one in enumerate(strengths))
    return replace(silent, score=odds / (1 + odds), age=age, strengths=tuple(strengths))


def _gain(at: datetime, number: int, days: float, window: Window) -> Gain:
    return Gain(at, number, days, number * 0.5 ** (days / window.half_life))


def _strength(
    of: Series, found: tuple[Gain, ...], category: str, age: float, usual: Usual
) -> Strength:
    source, name = of
    heat = math.fsum(gain.counts for gain in found)
    plain = heat / name.halfway
    share = 1 / (1 + (ONE_IN - 1) * plain)
    everywhere, field = usual.place(name, category, age, heat, share)
    own = (field or everywhere).share
    odds = (1 - own) / ((ONE_IN - 1) * own)
    odds = min(max(odds, plain / FARTHEST), plain * FARTHEST)
    return Strength(name, source, found, heat, plain, everywhere, field, odds)


def noticed(trend: Trend) -> bool:
    """Say whether a paper has so much attention that there is something to tell of it."""
    return any(one.plain >= _NOTICED for one in trend.strengths[:1])


def standing(candidate: Candidate) -> tuple[int, str] | None:
    """Return in the top how many percent of which category a paper is; "" stands for all.

    That is by its strongest signal, and counted among real papers alone. What is among the very
    first of all is hot everywhere; else it may be hot in its field. `None` where it is not among
    the first, or there are too few to say so.
    """
    trend = candidate.trend
    if trend is None or not noticed(trend):
        return None
    main = trend.strengths[0]
    for place, of, most in (
        (main.everywhere, "", EVERYWHERE / 100),
        (main.field, candidate.paper.primary_category, _WORTH_NAMING),
        (main.everywhere, "", _WORTH_NAMING),
    ):
        if place is not None and place.papers >= _CROWD and place.as_hot <= most * place.papers:
            return max(1, math.ceil(100 * place.as_hot / place.papers)), of
    return None
